import { describe, expect, it } from "vitest";
import { guessRole } from "./roles";

const fits = (keyword: string, value: string) =>
	`${"SIMPLE  =                    T".padEnd(80)}${`${keyword.padEnd(8)}= '${value}'`.padEnd(80)}`;

describe("guessRole", () => {
	it("takes exposures as data, darks too, and a master dark as what it says", () => {
		expect(guessRole("run/dark_u16_01.fits")).toBe("data");
		expect(guessRole("master_dark.fits.gz")).toBe("dark");
	});

	it("finds a bias by name and by header", () => {
		expect(guessRole("bias_003.fits.fz")).toBe("bias");
		expect(guessRole("b21.fits", fits("OBSTYPE", "BIAS    "))).toBe("bias");
		expect(guessRole("b22.fits.gz", fits("OBJECT", "Bias    "))).toBe("bias");
		expect(guessRole("b27.fits", fits("OBSTYPE", "OBJECT"))).toBe("data");
		expect(guessRole("biaxial.fits")).toBe("data");
	});

	it("tells labels, metadata and matrices in CSV apart", () => {
		expect(guessRole("labels.csv", "name,label\n000061,muon\n")).toBe("labels");
		expect(guessRole("a.csv", "name,height,width,energy\n1,2,3,4\n")).toBe("metadata");
		expect(guessRole("000061.csv", "0,0,0,0\n0,1,1,0\n")).toBe("data");
		expect(guessRole("f.csv", "1.5e3,nan,2e-4\n1,2,3\n")).toBe("data");
	});

	it("finds the seeds' label array by its shape", () => {
		const head =
			"\x93NUMPY\x01\x00v\x00{'descr': '<i8', 'fortran_order': False, 'shape': (2, 306), }";
		expect(guessRole("classes.npy", head)).toBe("labels");
		expect(guessRole("crop.npy", head.replace("(2, 306)", "(64, 64)"))).toBe("data");
	});

	it("takes images and archives as data", () => {
		expect(guessRole("crops.zip")).toBe("data");
		expect(guessRole("a/b.png")).toBe("data");
	});
});
