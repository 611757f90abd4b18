/* The GL programs. Same formulas as the splat: projection as in camera.ts, radius and fog as in
 * scene.ts, coverage as in stamps.ts; what differs is float32 arithmetic and centres that are not rounded to 1/8
 * pixel. */

import { FOG, MAX_RADIUS, MIN_RADIUS, RADIUS_STEPS } from "./scene";
import { DIMMED_AT, OUTLINE_NEIGHBOUR, OUTLINE_SELECTED } from "./colour";
import { DIMMED, HIDDEN, NEIGHBOUR, SELECTED, SIZE_ONE } from "./types";

const float = (v: number): string => v.toFixed(6);

/** Attribute locations: fixed, so that one vertex array serves. */
export const AT_A = 0, AT_B = 1, AT_COLOR = 2, AT_SIZE = 3, AT_SHAPE = 4, AT_FLAGS = 5;

export const POINT_VERTEX = `#version 300 es
precision highp float;
precision highp int;
layout(location = ${AT_A}) in vec3 a;
layout(location = ${AT_B}) in vec3 b;
layout(location = ${AT_COLOR}) in uint color;
layout(location = ${AT_SIZE}) in uint size;
layout(location = ${AT_SHAPE}) in uint shape;
layout(location = ${AT_FLAGS}) in uint flags;
uniform vec3 origin;
uniform vec4 rows[3];
uniform vec2 centre, view;
uniform float eye, tween, radius, frontGrowth, frontLeast, outline, fogAt, fogPer, dim;
uniform int layer;
uniform sampler2D table;
flat out vec3 rgb;
flat out vec2 at;
flat out float r, gain;
flat out uint kind;
void main() {
  vec4 p = vec4(mix(a - origin, b - origin, tween), 1.0);
  vec3 v = vec3(dot(rows[0], p), dot(rows[1], p), dot(rows[2], p));
  float f = eye == 0.0 ? 1.0 : eye / max(eye * 0.05, eye - v.z);
  bool front = (flags & ${SELECTED | NEIGHBOUR}u) != 0u;
  gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
  gl_PointSize = 1.0;
  if ((flags & ${HIDDEN}u) != 0u || front != (layer != 0) || (eye > 0.0 && eye - v.z < eye * 0.05)) return;
  r = radius * float(size) * f / ${float(SIZE_ONE)};
  if (layer != 0) r = max(frontLeast, r * frontGrowth);
  if (layer == 1) r += outline;
  r = floor(clamp(r, ${float(MIN_RADIUS)}, ${float(MAX_RADIUS)}) * ${float(RADIUS_STEPS)} + 0.5) / ${float(RADIUS_STEPS)};
  gain = 1.0;
  uint entry = color;
  if (layer == 1) entry = (flags & ${SELECTED}u) != 0u ? ${OUTLINE_SELECTED}u : ${OUTLINE_NEIGHBOUR}u;
  else if (layer == 0) {
    gain = clamp(fogAt + fogPer * v.z, fogPer == 0.0 ? 1.0 : ${float(FOG)}, 1.0);
    if ((flags & ${DIMMED}u) != 0u) {
      entry += ${DIMMED_AT}u;
      gain *= dim;
    }
  }
  rgb = texelFetch(table, ivec2(int(entry), 0), 0).rgb;
  kind = shape & 7u;
  vec2 pixel = vec2(centre.x + f * v.x, centre.y - f * v.y);
  at = vec2(pixel.x, view.y - pixel.y);
  gl_Position = vec4(2.0 * at / view - 1.0, 0.0, 1.0);
  gl_PointSize = 2.0 * (kind == 0u ? r + 1.0 : 1.45 * r + 1.0);
}`;

export const POINT_FRAGMENT = `#version 300 es
precision highp float;
precision highp int;
flat in vec3 rgb;
flat in vec2 at;
flat in float r, gain;
flat in uint kind;
uniform float alpha;
out vec4 sums;
float bar(float along, float across) { return max(along - 1.15 * r, across - 0.38 * r); }
float outside(vec2 p) {
  vec2 q = abs(p);
  if (kind == 1u) return max(q.x, q.y) - 0.886 * r;
  if (kind == 2u) return max(p.y, 0.866 * q.x - 0.5 * p.y) - 0.72 * r;
  if (kind == 3u) return 0.7071 * (q.x + q.y) - 0.886 * r;
  if (kind == 4u) q = 0.7071 * vec2(abs(p.x + p.y), abs(p.x - p.y));
  if (kind == 4u || kind == 5u) return min(bar(q.x, q.y), bar(q.y, q.x));
  if (kind == 6u) return max(-p.y, 0.866 * q.x + 0.5 * p.y) - 0.72 * r;
  if (kind == 7u) return abs(length(p) - 0.78 * r) - 0.3 * r;
  return length(p) - r;
}
void main() {
  vec2 p = gl_FragCoord.xy - at;
  float coverage = clamp(0.5 - outside(vec2(p.x, -p.y)), 0.0, 1.0);
  if (coverage == 0.0) discard;
  float depth = -log(1.0 - alpha * coverage) * gain;
  sums = vec4(rgb * depth, depth);
}`;

export const RESOLVE_VERTEX = `#version 300 es
void main() {
  vec2 p = vec2(float((gl_VertexID << 1) & 2), float(gl_VertexID & 2));
  gl_Position = vec4(2.0 * p - 1.0, 0.0, 1.0);
}`;

export const RESOLVE_FRAGMENT = `#version 300 es
precision highp float;
uniform highp sampler2D sums;
out vec4 pixel;
void main() {
  vec4 s = texelFetch(sums, ivec2(gl_FragCoord.xy), 0);
  if (s.a <= 0.0) discard;
  float alpha = 1.0 - exp(-s.a);
  pixel = vec4(s.rgb / s.a * alpha, alpha);
}`;
