/** Names of the API's shapes, from its own description (`npm run generate`). */
import type { components } from "./schema.gen";

type Schemas = components["schemas"];

export type Column = Schemas["Column"];
export type ColumnGroup = Column["group"];
export type CutoutInfo = Schemas["Cutout"];
export type Dataset = Schemas["Dataset"];
export type DatasetSettings = Schemas["DatasetSettings"];
export type EnergyCalibration = Schemas["EnergyCalibration"];
export type ImportFile = Schemas["ImportFileOut"];
export type Job = Schemas["JobOut"];
export type JobState = Schemas["JobState"];
export type LabelClass = Schemas["LabelClass"];
export type LabelSet = Schemas["LabelSet"];
export type Me = Schemas["Me"];
export type Revisions = Schemas["Revisions"];
export type SavedCut = Schemas["SavedCut"];
export type SettingsPatch = Schemas["DatasetSettingsPatch"];
export type Upload = Schemas["Upload"];
