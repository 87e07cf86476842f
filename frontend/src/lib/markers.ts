/** Marker shapes, one per class in the label set's order: the second cue beside the colour. */

const SHAPES = [
	"M-5 0A5 5 0 1 0 5 0A5 5 0 1 0 -5 0Z", // circle
	"M-4.4 -4.4H4.4V4.4H-4.4Z", // square
	"M0 -5.4L5.2 4.2H-5.2Z", // triangle up
	"M0 -5.8L5.8 0L0 5.8L-5.8 0Z", // diamond
	"M-1.7 -5.5H1.7V-1.7H5.5V1.7H1.7V5.5H-1.7V1.7H-5.5V-1.7H-1.7Z", // plus
	"M0 5.4L5.2 -4.2H-5.2Z", // triangle down
	"M-5.4 -3L-3 -5.4L0 -2.4L3 -5.4L5.4 -3L2.4 0L5.4 3L3 5.4L0 2.4L-3 5.4L-5.4 3L-2.4 0Z", // cross
	"M-3 -5.2H3L6 0L3 5.2H-3L-6 0Z", // hexagon
] as const;

/** SVG path within -6..6 for the class at this place of its label set. */
export function markerOf(ordinal: number): string {
	return SHAPES[ordinal % SHAPES.length] as string;
}

/** Okabe and Ito's eight, in the order classes take them. */
export const OKABE_ITO = [
	"#e69f00",
	"#56b4e9",
	"#009e73",
	"#f0e442",
	"#0072b2",
	"#d55e00",
	"#cc79a7",
	"#999999",
] as const;
