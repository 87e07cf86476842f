/** GLSL of the map: one vertex per cutout, a square sprite, a marker shape cut from it. */

/** How many marker shapes there are; their order is that of `lib/markers`. */
export const N_SHAPES = 8;

export const VERTEX = `#version 300 es
precision highp float;
layout(location = 0) in vec2 a_from;
layout(location = 1) in vec2 a_to;
layout(location = 2) in uint a_colour;
layout(location = 3) in uint a_lit;
uniform vec2 u_centre;   // map coordinate in the middle
uniform vec2 u_scale;    // clip units per map unit
uniform float u_t;       // 0 = old map, 1 = new map
uniform float u_size;    // device pixels
uniform float u_opacity;
uniform int u_pass;      // 0 = greyed, 1 = lit without a value, 2 = lit with one: each over the last
uniform bool u_selecting; // false = all are lit
uniform vec4 u_grey;
uniform sampler2D u_palette;
flat out vec4 v_colour;
flat out int v_shape;
void main() {
  vec2 p = u_t >= 1.0 ? a_to : mix(a_from, a_to, u_t);
  bool lit = !u_selecting || a_lit == 1u;
  bool drawn = lit == (u_pass > 0) && (u_pass == 0 || (a_colour == 255u) == (u_pass == 1));
  // not (x < big) is true of NaN, so a cutout without a place on the map is put outside
  if (!drawn || !(abs(p.x) < 1e20) || !(abs(p.y) < 1e20)) {
    gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
    gl_PointSize = 0.0;
    return;
  }
  vec4 entry = texelFetch(u_palette, ivec2(int(a_colour), 0), 0);
  v_shape = int(entry.a * 255.0 + 0.5);
  v_colour = u_pass == 0 ? u_grey : vec4(entry.rgb, u_pass == 1 ? 0.75 * u_opacity : u_opacity);
  gl_Position = vec4((p - u_centre) * u_scale, 0.0, 1.0);
  gl_PointSize = u_pass == 0 ? max(1.0, u_size * 0.8) : u_size;
}`;

export const FRAGMENT = `#version 300 es
precision highp float;
flat in vec4 v_colour;
flat in int v_shape;
uniform float u_size;
uniform vec4 u_rim;      // background colour that parts neighbours; alpha 0 = no rim
out vec4 colour;
float distanceTo(int shape, vec2 p) {
  vec2 q = abs(p);
  if (shape == 1) return max(q.x, q.y) - 0.72;
  if (shape == 2) return max(q.x * 0.866 - p.y * 0.5, p.y) - 0.52;   // p.y grows downwards
  if (shape == 3) return (q.x + q.y - 0.98) * 0.7071;
  if (shape == 4) return max(min(q.x, q.y) - 0.26, max(q.x, q.y) - 0.9);
  if (shape == 5) return max(q.x * 0.866 + p.y * 0.5, -p.y) - 0.52;
  if (shape == 6) { q = abs(vec2(p.x + p.y, p.x - p.y)) * 0.7071;
                    return max(min(q.x, q.y) - 0.26, max(q.x, q.y) - 0.94); }
  if (shape == 7) return max(q.y * 0.866 + q.x * 0.5, q.x) - 0.78;   // hexagon
  return length(p) - 0.82;
}
void main() {
  if (u_size <= 2.5) { colour = v_colour; colour.rgb *= colour.a; return; }
  vec2 p = gl_PointCoord * 2.0 - 1.0;
  float d = distanceTo(u_size >= 6.0 ? v_shape : 0, p) * u_size * 0.5;   // device pixels
  float cover = clamp(0.5 - d, 0.0, 1.0);
  if (cover <= 0.0) discard;
  vec3 rgb = mix(v_colour.rgb, u_rim.rgb, u_rim.a * clamp(d + 1.0, 0.0, 1.0));
  colour = vec4(rgb, v_colour.a * cover);
  colour.rgb *= colour.a;
}`;
