import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

// `npm run dev` talks to a running `cloudchamber serve`; name another one with CLOUDCHAMBER_URL.
const server = process.env.CLOUDCHAMBER_URL ?? "http://127.0.0.1:8000";

export default defineConfig({
	plugins: [svelte()],
	build: {
		outDir: process.env.CLOUDCHAMBER_STATIC || "../backend/cloudchamber/static",
		emptyOutDir: true,
		target: "es2022",
		// The policy of the server is style-src 'self' and img-src 'self': nothing may be inlined.
		assetsInlineLimit: 0,
		modulePreload: { polyfill: false },
	},
	server: { proxy: { "/api": { target: server, changeOrigin: false } } },
});
