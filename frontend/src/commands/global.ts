/** Commands that work on every page. */
import type { View } from "../lib/route";
import { app, navigate } from "../state/app.svelte";
import { log, redo, undo } from "../state/labels.svelte";
import { view } from "../state/view.svelte";
import { type Command, command } from "./table";

/** Views of a dataset in the order of the bar, on the digits. */
export const PAGES: readonly { view: View; caption: string; key: string }[] = [
	{ view: "label", caption: "Label", key: "1" },
	{ view: "explore", caption: "Explore", key: "2" },
	{ view: "galleries", caption: "Galleries", key: "3" },
	{ view: "models", caption: "Models", key: "4" },
	{ view: "exposures", caption: "Exposures", key: "5" },
];

export function globalCommands(): Command[] {
	const open = () => app.datasetId !== null;
	const go = "Go to";
	const look = "Look";
	return [
		...PAGES.map((page) =>
			command({
				id: `go.${page.view}`,
				caption: page.caption,
				group: go,
				keys: [page.key],
				enabled: open,
				run: () => navigate(page.view),
			}),
		),
		command({
			id: "go.jobs",
			caption: "Jobs",
			group: go,
			keys: ["6"],
			enabled: open,
			run: () => navigate("jobs"),
		}),
		command({
			id: "go.agreement",
			caption: "Agreement between annotators",
			group: go,
			enabled: open,
			run: () => navigate("agreement"),
		}),
		command({
			id: "go.datasets",
			caption: "Datasets",
			group: go,
			keys: ["0"],
			run: () => navigate("datasets"),
		}),
		command({
			id: "go.import",
			caption: "Import files into this dataset",
			group: go,
			enabled: () => open() && !app.readOnly,
			run: () => navigate("import"),
		}),
		command({
			id: "go.new",
			caption: "Import files into a new dataset",
			group: go,
			enabled: () => !app.readOnly,
			run: () => navigate("import", {}, null),
		}),
		command({
			id: "app.palette",
			caption: "Find a command",
			group: "Application",
			keys: ["Mod+k"],
			whileTyping: true,
			run: () => {
				app.paletteOpen = !app.paletteOpen;
			},
		}),
		command({
			id: "app.help",
			caption: "Keys and help",
			group: "Application",
			keys: ["?"],
			run: () => app.togglePanel({ kind: "help" }),
		}),
		command({
			id: "app.export",
			caption: "Export",
			group: "Application",
			keys: ["Mod+e"],
			enabled: open,
			run: () => app.togglePanel({ kind: "export" }),
		}),
		command({
			id: "app.classes",
			caption: "Edit the label set",
			group: "Application",
			enabled: () => open() && !app.readOnly,
			run: () => app.togglePanel({ kind: "classes" }),
		}),
		command({
			id: "app.theme",
			caption: "Dark or light",
			group: "Application",
			run: () => app.setTheme(app.theme === "dark" ? "light" : "dark"),
		}),
		command({
			id: "label.undo",
			caption: "Undo",
			group: "Label",
			keys: ["u", "Mod+z"],
			enabled: () => open() && !app.readOnly,
			run: () => void undo(),
		}),
		command({
			id: "label.redo",
			caption: "Redo",
			group: "Label",
			keys: ["Shift+u", "Mod+Shift+z", "Mod+y"],
			enabled: () => open() && !app.readOnly && (log.undone.length > 0 || log.done.length === 0),
			run: () => void redo(),
		}),
		command({
			id: "view.stretch",
			caption: "Next stretch",
			group: look,
			keys: ["t"],
			fallback: "Shift+t",
			run: () => view.cycleStretch(),
		}),
		command({
			id: "view.colormap",
			caption: "Next colour map",
			group: look,
			keys: ["c"],
			fallback: "Shift+c",
			run: () => view.cycleColormap(),
		}),
		command({
			id: "view.invert",
			caption: "Invert",
			group: look,
			keys: ["i"],
			fallback: "Shift+i",
			run: () => view.toggleInvert(),
		}),
		command({
			id: "view.turn",
			caption: "Turn first rows up or down",
			group: look,
			keys: ["Shift+y"],
			run: () => view.toggleTurned(),
		}),
		command({
			id: "view.limits",
			caption: "Next upper limit",
			group: look,
			keys: ["p"],
			fallback: "Shift+p",
			run: () => view.cycleUpper(),
		}),
		command({
			id: "view.zoom",
			caption: "Same scale or as large as fits",
			group: look,
			keys: ["z"],
			fallback: "Shift+z",
			run: () => view.toggleZoom(),
		}),
	];
}
