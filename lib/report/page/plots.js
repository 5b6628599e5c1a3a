// The script of the page, which draws the plots; all else of the page is HTML. It has `uPlot`, and in
// `shared` functions of the program: see script.ts.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);

  // ---- Numbers ----------------------------------------------------------------------------

  /** Without the zeros at the end of a fraction: axes have `1.5 s`, where tables have `1.50 s`. */
  const trimmed = (text) => text.replace(/(\.\d*?)0+(?=\D|$)/, "$1").replace(/\.(?=\D|$)/, "");
  const ms = (value) => trimmed(shared.formatMs(value));
  const bytes = (value) => trimmed(shared.formatBytes(value));
  const count = (value) => {
    for (const [size, unit] of [[1e9, "G"], [1e6, "M"], [1e4, "k"]]) {
      if (value >= size) {
        return `${Number((value / (unit === "k" ? 1e3 : size)).toPrecision(3))}${unit}`;
      }
    }
    return trimmed(shared.threeDigits(value));
  };
  const clock = (seconds) => seconds < 59.5 ? ms(seconds * 1000) : shared.formatClock(seconds);
  const two = (value) => String(Math.floor(value)).padStart(2, "0");
  const moment = (seconds) => {
    const at = new Date(data.startMs + seconds * 1000);
    return `${clock(seconds)} (${two(at.getHours())}:${two(at.getMinutes())}:${
      two(at.getSeconds())
    })`;
  };
  const percentile = (x) => {
    const above = 100 / x;
    const places = above >= 10 ? 0 : Math.ceil(-Math.log10(above) - 1e-9) + 1;
    return `${Number((100 - above).toFixed(Math.min(10, Math.max(0, places))))} %`;
  };

  // ---- Scales -----------------------------------------------------------------------------

  /** From 0 to a little above the greatest value. */
  const fromZero = (_u, _min, max) => [0, max > 0 ? max * 1.06 : 1];
  /** A little more than the values, on a logarithmic scale; at least a factor of two. */
  const around = (_u, min, max) => {
    if (!(min > 0) || !(max > 0)) return [1, 10];
    const room = Math.max(Math.pow(max / min, 0.06), max / min < 2 ? 1.4 : 1);
    return [min / room, max * room];
  };
  const SECONDS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30]
    .concat(
      [60, 120, 300, 600, 900, 1800],
      [1, 2, 3, 6, 12, 24, 48, 120, 240].map((h) => h * 3_600),
    );

  // ---- Plots ------------------------------------------------------------------------------

  const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const faded = (color) => `${color}2e`;

  const axis = (options) => ({
    stroke: style("--faint"),
    font: "11px system-ui, sans-serif",
    grid: { stroke: style("--grid"), width: 1 },
    ticks: { stroke: style("--grid"), width: 1, size: 4 },
    gap: 4,
    ...options,
  });
  const format = (write) => (_u, values) =>
    values.map((value) => value === null ? "" : write(value));
  const read = (write) => (_u, value) => value === null || value === undefined ? "–" : write(value);
  const line = (label, color, write, options = {}) => ({
    label,
    stroke: style(color),
    width: 1.5,
    value: read(write),
    points: { size: 4 },
    ...options,
  });

  const aboveZero = (value) => value === null ? null : Math.max(value, 0.001);

  /** A plot over the time that the run took. */
  const overTime = ({ unit, isLog, isFilled, lines }) => {
    const write = { count, ms, bytes }[unit];
    const columns = lines.map(({ column }) => data.columns[column]);
    const seconds = data.intervalMs / 1000;
    const { length } = columns[0];
    const x = Array.from({ length }, (_, k) => Number(((k + 0.5) * seconds).toFixed(3)));
    return {
      // A logarithmic axis has no 0.
      data: [x, ...columns.map((column) => isLog ? column.map(aboveZero) : column)],
      options: {
        cursor: { sync: { key: "time", setSeries: false } },
        scales: {
          x: {
            time: false,
            range: (_u, min, max) =>
              min === x[0] && max === x.at(-1) ? [0, length * seconds] : [min, max],
          },
          y: isLog ? { distr: 3, range: around } : { range: fromZero },
        },
        axes: [
          axis({ incrs: SECONDS, space: 64, values: format(clock), size: 28 }),
          axis({
            size: 62,
            space: 28,
            values: format(write),
            ...isLog
              ? {
                splits: (_u, _k, min, max) => shared.listLabels(min, max),
                filter: (_u, splits) => splits,
              }
              : {},
          }),
        ],
        series: [
          { label: "at", value: read(moment), class: "u-time" },
          ...lines.map(({ label, color }) =>
            line(label, `--c${color}`, write, {
              // The last color is gray.
              ...color === 8 ? { width: 1 } : {},
              ...isFilled ? { fill: faded(style(`--c${color}`)) } : {},
            })
          ),
        ],
      },
    };
  };

  /** Bars of equal width on a logarithmic axis. A slot that lies in two of them is shared out. */
  const toBins = (pairs) => {
    const buckets = [];
    for (let k = 0; k < pairs.length; k += 2) {
      const high = pairs[k];
      // The width of the histogram's slots: 1 us below 256, then 1/128 of a power of two.
      const width = high < 256 ? 1 : Math.pow(2, Math.floor(Math.log2(high)) - 7);
      buckets.push({ low: Math.max(high - width, 0.5), high: Math.max(high, 1), n: pairs[k + 1] });
    }
    const [from, to] = [buckets[0].low, buckets.at(-1).high];
    const bins = Math.max(1, Math.min(72, Math.ceil(Math.log(to / from) / Math.log(1.01))));
    const step = Math.log(to / from) / bins;
    const heights = new Array(bins).fill(0);
    for (const { low, high, n } of buckets) {
      const first = Math.max(0, Math.min(bins - 1, Math.floor(Math.log(low / from) / step)));
      for (let k = first; k < bins; k++) {
        const [left, right] = [from * Math.exp(k * step), from * Math.exp((k + 1) * step)];
        const share = (Math.min(high, right) - Math.max(low, left)) / (high - low);
        if (share > 0) heights[k] += n * share;
        if (right >= high) break;
      }
    }
    const edges = heights.map((_, k) => from * Math.exp(k * step) / 1000);
    return { edges: [...edges, to / 1000], heights: [...heights.map(Math.round), null] };
  };

  const logX = (min, max, write) => ({
    scale: {
      time: false,
      distr: 3,
      range: (_u, low, high) => low === min && high === max ? [min, max] : [low, high],
    },
    axis: axis({
      size: 28,
      values: format(write),
      splits: (_u, _k, low, high) => shared.listLabels(low, high),
      // Labels need room; lines do not.
      filter: (u, splits) => {
        let last = -Infinity;
        return splits.map((value) => {
          const at = u.valToPos(value, "x");
          if (at - last < 52) return null;
          last = at;
          return value;
        });
      },
    }),
  });

  const histogram = () => {
    const { edges, heights } = toBins(data.histogram);
    const x = logX(edges[0], edges.at(-1), ms);
    const color = style("--c1");
    const last = edges.length - 1;
    return {
      data: [edges, heights],
      options: {
        scales: { x: x.scale, y: { range: fromZero } },
        axes: [x.axis, axis({ size: 56, space: 28, values: format(count) })],
        series: [
          {
            label: "latency",
            value: (_u, _value, _s, k) => {
              if (k === null || k === undefined) return "–";
              const from = Math.min(k, last - 1);
              return `${ms(edges[from])} to ${ms(edges[from + 1])}`;
            },
            class: "u-time",
          },
          line("answers", "--c1", (value) => value.toLocaleString("en"), {
            fill: faded(color),
            width: 1,
            paths: uPlot.paths.stepped({ align: 1 }),
            points: { show: false },
          }),
        ],
      },
    };
  };

  const spectrum = () => {
    const pairs = data.histogram;
    let all = 0;
    for (let k = 1; k < pairs.length; k += 2) all += pairs[k];
    const [xs, ys] = [[1], [Math.max(pairs[0], 1) / 1000]];
    let below = 0;
    for (let k = 0; k < pairs.length; k += 2) {
      below += pairs[k + 1];
      const x = below < all ? all / (all - below) : 2 * all;
      if (x <= xs.at(-1)) continue;
      xs.push(x);
      ys.push(Math.max(pairs[k], 1) / 1000);
    }
    const x = logX(1, xs.at(-1), percentile);
    // Percentiles are round at powers of ten only.
    x.axis.splits = (_u, _k, low, high) =>
      [1, 2, ...Array.from({ length: 16 }, (_, k) => Math.pow(10, k + 1))]
        .filter((value) => value >= low * 0.999 && value <= high * 1.001);
    return {
      data: [xs, ys],
      options: {
        scales: { x: x.scale, y: { distr: 3, range: around } },
        axes: [
          x.axis,
          axis({
            size: 62,
            space: 28,
            values: format(ms),
            splits: (_u, _k, min, max) => shared.listLabels(min, max),
            filter: (_u, splits) => splits,
          }),
        ],
        series: [
          { label: "percentile", value: read(percentile), class: "u-time" },
          line("latency", "--c5", ms, {
            paths: uPlot.paths.stepped({ align: -1 }),
            points: { show: false },
            width: 2,
          }),
        ],
      },
    };
  };

  const makePlot = (name) =>
    name === "histogram"
      ? histogram()
      : name === "spectrum"
      ? spectrum()
      : overTime(data.plots[name]);

  // ---- Drawing ----------------------------------------------------------------------------

  const HEIGHT = 190;
  /** Width of the content of a column on A4 paper, in CSS pixels. */
  const PAPER = 320;
  const plots = new Map();

  const draw = (place, width) => {
    const before = plots.get(place);
    const { options, data: columns } = makePlot(place.dataset.plot);
    const zoom = before?.isZoomed ? { ...before.plot.scales.x } : undefined;
    before?.plot.destroy();
    const entry = { plot: undefined, isZoomed: zoom !== undefined };
    plots.set(place, entry);
    entry.plot = new uPlot(
      {
        width: Math.max(120, Math.floor(width ?? place.clientWidth)),
        height: HEIGHT,
        padding: [8, null, 0, 0],
        ...options,
        cursor: { drag: { x: true, y: false }, points: { size: 6 }, ...options.cursor },
        hooks: {
          setScale: [(u, key) => {
            if (key !== "x" || u.data === undefined || entry.plot === undefined) return;
            const [first, last] = [u.data[0][0], u.data[0].at(-1)];
            entry.isZoomed = u.scales.x.min > first || u.scales.x.max < last;
            place.dataset.zoomed = String(entry.isZoomed);
          }],
        },
      },
      columns,
      place,
    );
    if (zoom !== undefined) entry.plot.setScale("x", { min: zoom.min, max: zoom.max });
  };

  const places = [...document.querySelectorAll("[data-plot]")];
  const drawAll = (width) => {
    for (const place of places) draw(place, width);
  };
  drawAll();

  const observer = new ResizeObserver((entries) => {
    if (document.documentElement.classList.contains("paper")) return;
    for (const { target, contentRect: { width } } of entries) {
      const { plot } = plots.get(target);
      if (width > 0 && Math.floor(width) !== plot.width) {
        plot.setSize({ width: Math.floor(width), height: HEIGHT });
      }
    }
  });
  for (const place of places) observer.observe(place);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawAll());
  addEventListener("beforeprint", () => {
    document.documentElement.classList.add("paper");
    drawAll(PAPER);
  });
  addEventListener("afterprint", () => {
    document.documentElement.classList.remove("paper");
    drawAll();
  });
})();
