/** Agreement in words. */

/** Landis & Koch's words for a kappa (Biometrics 33 (1977) 159): convention, not law. */
export function kappaWord(kappa: number | null): string {
	if (kappa === null || !Number.isFinite(kappa)) return "not defined";
	if (kappa < 0) return "worse than chance";
	if (kappa <= 0.2) return "slight";
	if (kappa <= 0.4) return "fair";
	if (kappa <= 0.6) return "moderate";
	if (kappa <= 0.8) return "substantial";
	return "almost perfect";
}

/** `0.71 (0.60–0.81)` */
export function kappaFigure(kappa: number | null, interval: readonly number[] | null): string {
	if (kappa === null) return "–";
	const minus = (value: number) => value.toFixed(2).replace("-", "−");
	const [low, high] = interval ?? [];
	if (low === undefined || high === undefined) return minus(kappa);
	return `${minus(kappa)} (${minus(low)}–${minus(high)})`;
}

/** The rows and columns of a table that hold anything, in the order of `classIds`. */
export function usedClasses(
	confusion: readonly (readonly number[])[],
	classIds: readonly number[],
): { classIds: number[]; matrix: number[][] } {
	const used = classIds.flatMap((_, k) => {
		const any =
			(confusion[k] ?? []).some((n) => n > 0) || confusion.some((row) => (row[k] ?? 0) > 0);
		return any ? [k] : [];
	});
	return {
		classIds: used.map((k) => classIds[k] as number),
		matrix: used.map((r) => used.map((c) => confusion[r]?.[c] ?? 0)),
	};
}
