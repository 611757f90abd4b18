// Frame times of both renderers in headless Chromium, and how far their pictures differ.
//   node bench/plot.mjs [--chromium PATH] [--large]     --large adds a million points (GL: seconds a frame without a GPU)
// One JSON line a case: milliseconds of the first picture and the median of 9 more, at 1280 x 800.
import { build } from "esbuild";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import pixelmatch from "pixelmatch";
import { PNG } from "pngjs";
import puppeteer from "puppeteer-core";

const here = dirname(fileURLToPath(import.meta.url));
const args = process.argv.slice(2);
const chromium = args.includes("--chromium") ? args[args.indexOf("--chromium") + 1] : "/usr/bin/chromium";
const sizes = args.includes("--large") ? [20000, 100000, 1000000] : [20000, 100000];
const bundle = await build({
  entryPoints: [join(here, "plot-page.ts")], bundle: true, write: false, format: "iife", target: ["es2022"], logLevel: "warning",
});
const browser = await puppeteer.launch({
  executablePath: chromium, headless: true, protocolTimeout: 300000,
  args: ["--no-sandbox", "--disable-dev-shm-usage", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--force-color-profile=srgb"],
});
try {
  for (const n of sizes)
    for (const dim of [2, 3]) {
      const pictures = [];
      for (const renderer of ["splat", "gl"]) {
        const page = await browser.newPage();
        await page.setViewport({ width: 1280, height: 800 });
        await page.setContent('<body style="margin:0"><div id="host" style="width:100vw;height:100vh"></div></body>');
        await page.addScriptTag({ content: bundle.outputFiles[0].text });
        const { first, frames } = await page.evaluate(
          (c) => window.time(document.getElementById("host"), c), { renderer, n, dim, frames: renderer === "gl" && n > 5e5 ? 1 : 9 });
        const median = frames.sort((a, b) => a - b)[Math.floor(frames.length / 2)];
        console.log(JSON.stringify({ renderer, n, dim, first_ms: Math.round(first), median_ms: Math.round(10 * median) / 10 }));
        pictures.push(PNG.sync.read(Buffer.from(await page.screenshot())));
        await page.close();
      }
      const [splat, gl] = pictures;
      let most = 0;
      for (let i = 0; i < splat.data.length; i++) most = Math.max(most, Math.abs(splat.data[i] - gl.data[i]));
      const differing = pixelmatch(splat.data, gl.data, null, 1280, 800, { threshold: 0.1 }) / (1280 * 800);
      console.log(JSON.stringify({ compare: "splat, gl", n, dim, max_channel_difference: most, share_of_pixels: differing }));
    }
} finally {
  await browser.close();
}
