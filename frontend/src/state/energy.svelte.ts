/** The open dataset's energy scale, for every place that shows a charge or a pixel value. */
import { type Calibration, inKeV, inOtherUnits } from "../lib/energy";
import { dataset } from "./dataset.svelte";

class EnergyState {
	get calibration(): Calibration | null {
		return dataset.settings.energy_calibration ?? null;
	}

	/** A value in keV, "5.90 keV"; "" before a calibration and for what is no charge. */
	keV(value: number | undefined, unit: string | null | undefined): string {
		return inKeV(value, unit, this.calibration);
	}

	/** A pixel's value in all units it has: "1 565 e⁻ · 5.90 keV", or "". Without a unit, it is the dataset's own. */
	others(value: number | undefined, unit: string): string {
		return this.calibration ? inOtherUnits(value, unit || "value", this.calibration) : "";
	}
}

export const energy = new EnergyState();
