/* The WebGL2 renderer: one draw call for all points (two more while rows are highlighted).
 *
 * The points add (colour * optical depth, optical depth) into a float texture; a triangle over the
 * whole picture then resolves the sums to a colour and an opacity, as the splat does. Positions A and B lie in two buffers
 * and the shader mixes them, so a step between two layers uploads one buffer once and
 * then costs nothing per picture. The scene keeps all arrays: after a lost context everything is rebuilt from it. */

import type { Projection } from "./camera";
import { TABLE_SIZE, type Rgb } from "./colour";
import { BASE, depthOf, FRONT, OUTLINE, type Look, type Scene } from "./scene";
import { SIZE_ONE } from "./types";
import {
  AT_A, AT_B, AT_COLOR, AT_FLAGS, AT_SHAPE, AT_SIZE, POINT_FRAGMENT, POINT_VERTEX, RESOLVE_FRAGMENT, RESOLVE_VERTEX,
} from "./shaders";

const UNIFORMS = ["origin", "rows", "centre", "view", "eye", "tween", "radius", "frontGrowth", "frontLeast", "outline", "fogAt", "fogPer", "dim", "layer", "table", "alpha"] as const;
const BYTES = [["colors", AT_COLOR, 0], ["sizes", AT_SIZE, SIZE_ONE], ["shapes", AT_SHAPE, 0], ["flags", AT_FLAGS, 0]] as const;

interface Resources {
  points: WebGLProgram;
  uniform: Record<(typeof UNIFORMS)[number], WebGLUniformLocation | null>;
  resolve: WebGLProgram;
  resolveSums: WebGLUniformLocation | null;
  vertices: WebGLVertexArrayObject;
  empty: WebGLVertexArrayObject;
  buffers: Record<"a" | "b" | "colors" | "sizes" | "shapes" | "flags", WebGLBuffer>;
  table: WebGLTexture;
  sums: WebGLTexture;
  target: WebGLFramebuffer;
  format: number;
  width: number;
  height: number;
  version: Scene["version"];
}

/** The name of the machine's GL, "" if there is no WebGL2. */
export function glName(): string {
  const gl = document.createElement("canvas").getContext("webgl2");
  if (!gl) return "";
  const info = gl.getExtension("WEBGL_debug_renderer_info");
  const name = String(gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  return name || "unknown";
}

/** True for the GL of a machine without a GPU, where the splat is ten times faster. */
export const isSoftware = (name: string): boolean => /swiftshader|llvmpipe|softpipe|software|basic render/i.test(name);

export class GlRenderer {
  private readonly gl: WebGL2RenderingContext;
  private res: Resources | null = null;

  private readonly stop = new AbortController();

  /** Throws Error if WebGL2 or a float target that blends is missing.
   *  @param onchange the context was lost or has come back: `usable` has changed.
   *  @param onfailed the context came back but cannot be used. */
  constructor(readonly canvas: HTMLCanvasElement, onchange: () => void, onfailed: () => void) {
    const gl = canvas.getContext("webgl2", { alpha: false, antialias: false, depth: false, stencil: false });
    if (!gl) throw new Error("plot: this browser has no WebGL2");
    this.gl = gl;
    this.res = this.build();
    const { signal } = this.stop;
    canvas.addEventListener("webglcontextlost", (e) => {
      // Without this the browser never gives it back.
      e.preventDefault();
      this.res = null;
      onchange();
    }, { signal });
    canvas.addEventListener("webglcontextrestored", () => {
      try {
        this.res = this.build();
        onchange();
      } catch {
        onfailed();
      }
    }, { signal });
  }

  /** False while the context is lost. */
  get usable(): boolean {
    return this.res !== null && !this.gl.isContextLost();
  }

  /** Draws into the canvas, whose size is the picture's; only while usable. */
  draw(scene: Scene, pr: Projection, look: Look, background: Rgb): void {
    const { gl, res } = this, { width, height } = this.canvas;
    if (!res) return;
    this.upload(res, scene);
    this.size(res, width, height);
    gl.viewport(0, 0, width, height);
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.clearColor(background[0] / 255, background[1] / 255, background[2] / 255, 1);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.enable(gl.BLEND);
    this.layer(res, scene, pr, look, BASE);
    if (scene.highlighted > 0) {
      this.layer(res, scene, pr, look, OUTLINE);
      this.layer(res, scene, pr, look, FRONT);
    }
  }

  destroy(): void {
    this.stop.abort();
    this.res = null;
    this.gl.getExtension("WEBGL_lose_context")?.loseContext();
  }

  private layer(res: Resources, scene: Scene, pr: Projection, look: Look, layer: number): void {
    const { gl } = this, u = res.uniform;
    gl.bindFramebuffer(gl.FRAMEBUFFER, res.target);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.blendFunc(gl.ONE, gl.ONE);
    gl.useProgram(res.points);
    const origin = pr.target.map(Math.fround);
    gl.uniform3fv(u.origin, origin);
    gl.uniform4fv(u.rows, rowsAt(pr, origin));
    gl.uniform2f(u.centre, pr.cx, pr.cy);
    gl.uniform2f(u.view, res.width, res.height);
    gl.uniform1f(u.eye, pr.eye);
    gl.uniform1f(u.tween, scene.positions.b ? scene.positions.t : 0);
    gl.uniform1f(u.radius, look.radius);
    gl.uniform1f(u.frontGrowth, look.frontGrowth);
    gl.uniform1f(u.frontLeast, look.frontLeast);
    gl.uniform1f(u.outline, look.outline);
    gl.uniform1f(u.fogAt, look.fogAt);
    gl.uniform1f(u.fogPer, look.fogPer);
    gl.uniform1f(u.dim, look.dim);
    gl.uniform1i(u.layer, layer);
    gl.uniform1f(u.alpha, 1 - Math.exp(-depthOf(look, layer)));
    gl.uniform1i(u.table, 0);
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, res.table);
    gl.bindVertexArray(res.vertices);
    gl.drawArrays(gl.POINTS, 0, scene.positions.n);
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.useProgram(res.resolve);
    gl.uniform1i(res.resolveSums, 0);
    gl.bindTexture(gl.TEXTURE_2D, res.sums);
    gl.bindVertexArray(res.empty);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  private build(): Resources {
    const { gl } = this;
    if (!gl.getExtension("EXT_color_buffer_float")) throw new Error("plot: WebGL2 without float targets");
    const format = gl.getExtension("EXT_float_blend") ? gl.RGBA32F : gl.RGBA16F;
    const points = this.program(POINT_VERTEX, POINT_FRAGMENT), resolve = this.program(RESOLVE_VERTEX, RESOLVE_FRAGMENT);
    const uniform = Object.fromEntries(UNIFORMS.map((k) => [k, gl.getUniformLocation(points, k)])) as Resources["uniform"];
    const texture = (): WebGLTexture => {
      const t = gl.createTexture();
      gl.bindTexture(gl.TEXTURE_2D, t);
      for (const k of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, k, gl.NEAREST);
      for (const k of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) gl.texParameteri(gl.TEXTURE_2D, k, gl.CLAMP_TO_EDGE);
      return t;
    };
    const buffer = (): WebGLBuffer => gl.createBuffer();
    return {
      points, uniform, resolve, resolveSums: gl.getUniformLocation(resolve, "sums"),
      vertices: gl.createVertexArray(), empty: gl.createVertexArray(),
      buffers: { a: buffer(), b: buffer(), colors: buffer(), sizes: buffer(), shapes: buffer(), flags: buffer() },
      table: texture(), sums: texture(), target: gl.createFramebuffer(), format, width: 0, height: 0,
      version: { a: -1, b: -1, colors: -1, sizes: -1, shapes: -1, flags: -1, table: -1 },
    };
  }

  private program(vertex: string, fragment: string): WebGLProgram {
    const { gl } = this, program = gl.createProgram();
    for (const [type, text] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]] as const) {
      const shader = gl.createShader(type);
      if (!shader) throw new Error("plot: the GL context is lost");
      gl.shaderSource(shader, text);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS)) {
      const logs = (gl.getAttachedShaders(program) ?? []).map((s) => gl.getShaderInfoLog(s)).join(" ");
      throw new Error(`plot: a GL program does not link: ${gl.getProgramInfoLog(program) ?? ""} ${logs}`);
    }
    return program;
  }

  /** Brings the copies on the GPU up to date with the scene. */
  private upload(res: Resources, scene: Scene): void {
    const { gl } = this, have = res.version, want = scene.version, p = scene.positions;
    gl.bindVertexArray(res.vertices);
    const floats = (name: "a" | "b", at: number, values: Float32Array): void => {
      gl.bindBuffer(gl.ARRAY_BUFFER, res.buffers[name]);
      gl.bufferData(gl.ARRAY_BUFFER, values, gl.STATIC_DRAW);
      gl.enableVertexAttribArray(at);
      gl.vertexAttribPointer(at, p.dim, gl.FLOAT, false, 0, 0);
    };
    if (have.a !== want.a) floats("a", AT_A, p.a);
    if (p.b && have.b !== want.b) floats("b", AT_B, p.b);
    if (!p.b && have.b !== want.b) {
      gl.disableVertexAttribArray(AT_B);
      gl.vertexAttrib3f(AT_B, 0, 0, 0);
    }
    for (const [name, at, missing] of BYTES) {
      if (have[name] === want[name]) continue;
      const values = scene[name];
      if (values) {
        gl.bindBuffer(gl.ARRAY_BUFFER, res.buffers[name]);
        gl.bufferData(gl.ARRAY_BUFFER, values, gl.STATIC_DRAW);
        gl.enableVertexAttribArray(at);
        gl.vertexAttribIPointer(at, 1, gl.UNSIGNED_BYTE, 0, 0);
      } else {
        gl.disableVertexAttribArray(at);
        gl.vertexAttribI4ui(at, missing, 0, 0, 0);
      }
    }
    if (have.table !== want.table) {
      gl.bindTexture(gl.TEXTURE_2D, res.table);
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, TABLE_SIZE, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, scene.table);
    }
    res.version = { ...want };
  }

  private size(res: Resources, width: number, height: number): void {
    if (res.width === width && res.height === height) return;
    const { gl } = this;
    gl.bindTexture(gl.TEXTURE_2D, res.sums);
    const type = res.format === gl.RGBA32F ? gl.FLOAT : gl.HALF_FLOAT;
    gl.texImage2D(gl.TEXTURE_2D, 0, res.format, width, height, 0, gl.RGBA, type, null);
    gl.bindFramebuffer(gl.FRAMEBUFFER, res.target);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, res.sums, 0);
    res.width = width;
    res.height = height;
  }
}

/** The projection's matrix for points from which `origin` has been subtracted. */
function rowsAt(pr: Projection, origin: readonly number[]): Float32Array {
  const rows = Float32Array.from(pr.m);
  for (let i = 0, { m } = pr; i < 12; i += 4)
    rows[i + 3] = m[i] * origin[0] + m[i + 1] * origin[1] + (pr.dim === 3 ? m[i + 2] * origin[2] : 0) + m[i + 3];
  return rows;
}
