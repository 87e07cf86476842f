/**
 * The map's WebGL2 renderer: takes arrays, draws points, knows nothing of cutouts or servers.
 *
 * A million points are one draw call. While the hand moves only every k-th point is drawn, k
 * adapting to the machine; at rest all are. Everything needed to start again is kept, so a lost
 * context (laptop asleep, GPU reset) costs one frame.
 */

import type { Camera, Viewport } from "./camera";
import { FRAGMENT, VERTEX } from "./shaders";

export interface RendererTheme {
	/** 0..255 */
	readonly background: readonly [number, number, number];
	/** 0..1 premultiplied by nothing: plain RGBA of greyed points */
	readonly grey: readonly [number, number, number, number];
}

/** WebGL allows a stride of 255 bytes at most: 31 points of 8 bytes. */
const MAX_STEP = 31;

export class NoWebGL extends Error {}

export class Renderer {
	/** number of points */
	n = 0;
	/** 0 = positions before the last setPositions, 1 = the new ones */
	blend = 1;
	/** draw every k-th point while moving */
	private step = 1;
	private to: Float32Array = new Float32Array(0);
	private from: Float32Array | null = null;
	private colours: Uint8Array = new Uint8Array(0);
	private lit: Uint8Array | null = null;
	private palette: Uint8Array = new Uint8Array(1024);
	private theme: RendererTheme = { background: [0, 0, 0], grey: [0.5, 0.5, 0.5, 0.3] };
	private gl: WebGL2RenderingContext;
	private program!: WebGLProgram;
	private uniforms = new Map<string, WebGLUniformLocation | null>();
	private buffers: { from: WebGLBuffer; to: WebGLBuffer; colour: WebGLBuffer; lit: WebGLBuffer } =
		null!;
	private lost = false;
	private readonly onLost = (event: Event) => {
		event.preventDefault(); // or the browser never restores it
		this.lost = true;
	};
	private readonly onRestored = () => {
		this.lost = false;
		this.start();
		this.onredraw?.();
	};

	/** @throws NoWebGL when the browser has no WebGL 2 */
	constructor(
		readonly canvas: HTMLCanvasElement,
		private readonly onredraw?: () => void,
	) {
		const gl = canvas.getContext("webgl2", {
			antialias: false, // markers soften their own edges; multisampling costs 4x in software
			alpha: false,
			depth: false,
			powerPreference: "high-performance",
		});
		if (!gl) throw new NoWebGL("This browser offers no WebGL 2.");
		this.gl = gl;
		canvas.addEventListener("webglcontextlost", this.onLost);
		canvas.addEventListener("webglcontextrestored", this.onRestored);
		this.start();
	}

	/** [n, 2] interleaved map coordinates; with `animate` the old ones stay as the start of a move. */
	setPositions(positions: Float32Array, animate = false): void {
		const n = positions.length >> 1;
		this.from = animate && n === this.n ? this.to : null;
		this.blend = this.from ? 0 : 1;
		this.to = positions;
		if (n !== this.n) {
			this.n = n;
			if (this.colours.length !== n) this.colours = new Uint8Array(n);
			if (this.lit && this.lit.length !== n) this.lit = null;
			this.upload("colour", this.colours);
			this.upload("lit", this.lit ?? new Uint8Array(n));
		}
		this.upload("to", positions);
		if (this.from) this.upload("from", this.from);
	}

	/** Per point an index into the palette; the palette is 256 x (r, g, b, shape). */
	setColours(index: Uint8Array, palette: Uint8Array): void {
		this.colours = index;
		this.palette = palette;
		this.upload("colour", index);
		this.uploadPalette();
	}

	/** 1 = lit, 0 = greyed; null = no selection, all lit. */
	setLit(lit: Uint8Array | null): void {
		this.lit = lit;
		if (lit) this.upload("lit", lit);
	}

	setTheme(theme: RendererTheme): void {
		this.theme = theme;
	}

	/** Fit the drawing buffer to the canvas's CSS size; true when it changed. */
	resize(view: Viewport, ratio: number): boolean {
		const width = Math.max(1, Math.round(view.width * ratio));
		const height = Math.max(1, Math.round(view.height * ratio));
		if (this.canvas.width === width && this.canvas.height === height) return false;
		this.canvas.width = width;
		this.canvas.height = height;
		return true;
	}

	/** Tell how long the last frame of a movement took, so that the next draws what fits in 30 ms. */
	adapt(milliseconds: number): void {
		const most = Math.max(1, Math.min(MAX_STEP, Math.ceil(this.n / 20_000)));
		if (milliseconds > 45) this.step = Math.min(most, Math.ceil(this.step * 1.6));
		else if (milliseconds < 22 && this.step > 1) this.step--;
	}

	/** @param size marker diameter, CSS pixels */
	draw(
		camera: Camera,
		view: Viewport,
		ratio: number,
		size: number,
		opacity: number,
		moving: boolean,
	) {
		const gl = this.gl;
		if (this.lost || gl.isContextLost()) return;
		const [r, g, b] = this.theme.background;
		gl.viewport(0, 0, this.canvas.width, this.canvas.height);
		gl.clearColor(r / 255, g / 255, b / 255, 1);
		gl.clear(gl.COLOR_BUFFER_BIT);
		if (!this.n) return;
		const step = moving ? this.step : 1;
		const device = Math.max(1, size * ratio);
		const set = (name: string) => this.uniforms.get(name) ?? null;
		gl.uniform2f(set("u_centre"), camera.x, camera.y);
		gl.uniform2f(set("u_scale"), (2 * camera.scale) / view.width, (2 * camera.scale) / view.height);
		gl.uniform1f(set("u_t"), this.blend);
		gl.uniform1f(set("u_size"), device);
		gl.uniform1f(set("u_opacity"), opacity);
		gl.uniform4f(set("u_grey"), ...this.theme.grey);
		gl.uniform4f(set("u_rim"), r / 255, g / 255, b / 255, device >= 5 ? 0.6 : 0);
		const bind = (location: number, buffer: WebGLBuffer, bytes: number) => {
			gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
			if (bytes === 8) gl.vertexAttribPointer(location, 2, gl.FLOAT, false, 8 * step, 0);
			else gl.vertexAttribIPointer(location, 1, gl.UNSIGNED_BYTE, step, 0);
		};
		bind(0, this.blend < 1 && this.from ? this.buffers.from : this.buffers.to, 8);
		bind(1, this.buffers.to, 8);
		bind(2, this.buffers.colour, 1);
		bind(3, this.buffers.lit, 1);
		const count = Math.ceil(this.n / step);
		gl.uniform1i(set("u_selecting"), this.lit ? 1 : 0);
		for (const pass of this.lit ? [0, 1, 2] : [1, 2]) {
			gl.uniform1i(set("u_pass"), pass);
			gl.drawArrays(gl.POINTS, 0, count);
		}
	}

	/** Wait until the graphics card is done; for measurements only. */
	finish(): void {
		this.gl.readPixels(0, 0, 1, 1, this.gl.RGBA, this.gl.UNSIGNED_BYTE, new Uint8Array(4));
	}

	destroy(): void {
		this.canvas.removeEventListener("webglcontextlost", this.onLost);
		this.canvas.removeEventListener("webglcontextrestored", this.onRestored);
		for (const buffer of Object.values(this.buffers)) this.gl.deleteBuffer(buffer);
		this.gl.deleteProgram(this.program);
	}

	private start(): void {
		const gl = this.gl;
		const program = gl.createProgram();
		for (const [type, source] of [
			[gl.VERTEX_SHADER, VERTEX],
			[gl.FRAGMENT_SHADER, FRAGMENT],
		] as const) {
			const shader = gl.createShader(type)!;
			gl.shaderSource(shader, source);
			gl.compileShader(shader);
			if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS) && !gl.isContextLost())
				throw new NoWebGL(`The map's shader does not compile: ${gl.getShaderInfoLog(shader)}`);
			gl.attachShader(program, shader);
		}
		gl.linkProgram(program);
		gl.useProgram(program);
		this.program = program;
		for (const name of [
			"centre",
			"scale",
			"t",
			"size",
			"opacity",
			"pass",
			"selecting",
			"grey",
			"palette",
			"rim",
		])
			this.uniforms.set(`u_${name}`, gl.getUniformLocation(program, `u_${name}`));
		gl.uniform1i(this.uniforms.get("u_palette") ?? null, 0);
		this.buffers = {
			from: gl.createBuffer(),
			to: gl.createBuffer(),
			colour: gl.createBuffer(),
			lit: gl.createBuffer(),
		};
		for (let location = 0; location < 4; location++) gl.enableVertexAttribArray(location);
		gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
		for (const name of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER])
			gl.texParameteri(gl.TEXTURE_2D, name, gl.NEAREST);
		gl.enable(gl.BLEND);
		gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA); // premultiplied
		this.upload("to", this.to);
		if (this.from) this.upload("from", this.from);
		this.upload("colour", this.colours);
		this.upload("lit", this.lit ?? new Uint8Array(this.n));
		this.uploadPalette();
	}

	private upload(name: "from" | "to" | "colour" | "lit", values: Float32Array | Uint8Array): void {
		this.gl.bindBuffer(this.gl.ARRAY_BUFFER, this.buffers[name]);
		this.gl.bufferData(this.gl.ARRAY_BUFFER, values, this.gl.DYNAMIC_DRAW);
	}

	private uploadPalette(): void {
		const gl = this.gl;
		gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, 256, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, this.palette);
	}
}

/** Marker diameter in CSS pixels for n points, growing as one zooms in (zoom 1 = whole map). */
export function markerSize(n: number, zoom: number): number {
	const whole = Math.min(10, Math.max(1.8, 42 / Math.max(1, n) ** 0.23));
	return Math.min(13, whole * Math.max(1, zoom) ** 0.35);
}

/** Opacity for n points: dense maps let their density show through, sparse ones stand solid. */
export function markerOpacity(n: number, zoom: number): number {
	const whole = n <= 20_000 ? 0.95 : Math.max(0.35, 0.95 - 0.32 * Math.log10(n / 20_000));
	return Math.min(0.95, whole * Math.max(1, zoom) ** 0.25);
}
