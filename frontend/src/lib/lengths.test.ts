import { expect, it } from "vitest";
import { inMicrons, scaleBar } from "./lengths";

const measured = (name: string, unit: string) => ({ name, unit, group: "measurement" });

it("states lengths, areas and curvatures in µm where a pixel's size is known", () => {
	expect(inMicrons(10, measured("length", "px"), 0.5544)).toBe("5.544 µm");
	expect(inMicrons(100, measured("pixels", "px"), 0.5)).toBe("25 µm²");
	expect(inMicrons(0.5, measured("curvature", "1/px"), 0.5)).toBe("1 1/µm");
});

it("states nothing in µm that is no length or has no pixel size", () => {
	expect(inMicrons(10, measured("length", "px"), undefined)).toBe("");
	expect(inMicrons(10, measured("length", "px"), Number.NaN)).toBe("");
	expect(inMicrons(Number.NaN, measured("length", "px"), 0.5)).toBe("");
	expect(inMicrons(10, measured("charge", "ADU"), 0.5)).toBe("");
	expect(inMicrons(10, { name: "x", unit: "px", group: "place" }, 0.5)).toBe("");
});

it("draws a bar of a round number of µm, and says how many pixels that is", () => {
	const bar = scaleBar(4, 120, 0.5544);
	expect(bar.text).toBe("10 µm · 18 px");
	expect(bar.screen).toBeCloseTo((10 / 0.5544) * 4);
	expect(scaleBar(1, 120, 88).text).toBe("10000 µm · 114 px");
});

it("draws a bar of a round number of pixels where no size is known", () => {
	expect(scaleBar(4, 120)).toEqual({ screen: 80, text: "20 px", spoken: "20 pixels" });
	expect(scaleBar(4, 120, Number.NaN).text).toBe("20 px");
});
