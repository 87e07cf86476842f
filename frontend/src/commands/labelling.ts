/** Commands of the Label page. Classes come from the label set; each key labels and moves on. */
import type { LabelClass } from "../api/types";
import { type Command, command } from "./table";

export interface LabellingActions {
	label(classId: number): void;
	accept(): void;
	skip(): void;
	back(): void;
	clear(): void;
	toggleDubious(): void;
	editNote(): void;
	toggleSuggestion(): void;
	canLabel(): boolean;
	canGoBack(): boolean;
	hasSuggestion(): boolean;
}

const GROUP = "Label";

export function classCommands(
	classes: readonly LabelClass[],
	assign: (classId: number) => void,
	enabled: () => boolean,
): Command[] {
	return classes.map((one) =>
		command({
			id: `class.${one.id}`,
			caption: one.name,
			group: "Classes",
			keys: one.key ? [one.key.toLowerCase()] : [],
			claims: true,
			enabled,
			run: () => assign(one.id),
		}),
	);
}

export function labellingCommands(
	classes: readonly LabelClass[],
	actions: LabellingActions,
): Command[] {
	return [
		...classCommands(classes, actions.label, actions.canLabel),
		command({
			id: "label.skip",
			caption: "Skip",
			group: GROUP,
			keys: ["Space", "ArrowRight"],
			repeats: true,
			run: actions.skip,
		}),
		command({
			id: "label.back",
			caption: "Back",
			group: GROUP,
			keys: ["b", "ArrowLeft"],
			fallback: "Shift+b",
			repeats: true,
			enabled: actions.canGoBack,
			run: actions.back,
		}),
		command({
			id: "label.accept",
			caption: "Accept the suggestion, or confirm the label that is checked",
			group: GROUP,
			keys: ["Enter"],
			enabled: () => actions.canLabel() && actions.hasSuggestion(),
			run: actions.accept,
		}),
		command({
			id: "label.dubious",
			caption: "Dubious",
			group: GROUP,
			keys: ["a"],
			fallback: "Shift+a",
			enabled: actions.canLabel,
			run: actions.toggleDubious,
		}),
		command({
			id: "label.note",
			caption: "Note",
			group: GROUP,
			keys: ["n"],
			fallback: "Shift+n",
			enabled: actions.canLabel,
			run: actions.editNote,
		}),
		command({
			id: "label.clear",
			caption: "Take the label away",
			group: GROUP,
			keys: ["Backspace", "Delete"],
			enabled: actions.canLabel,
			run: actions.clear,
		}),
		command({
			id: "label.suggestion",
			caption: "Show or hide suggestions (and the old label while checking)",
			group: GROUP,
			keys: ["h"],
			fallback: "Shift+h",
			run: actions.toggleSuggestion,
		}),
	];
}
