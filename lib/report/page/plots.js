// The script of the page: it draws the plots. Everything else of the page is HTML.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);

  // ---- How numbers read -------------------------------------------------------------------

  const digits = (value) => {
    if (value >= 99.95) return Math.round(value).toLocaleString("en");
    return String(Number(value.toFixed(value >= 9.995 ? 1 : 2)));
  };
  const ms = (value) => {
    if (value < 0.9995) return `${Number((value * 1000).toPrecision(3))} us`;
    if (value < 999.5) return `${digits(value)} ms`;
    return value < 600_000 ? `${digits(value / 1000)} s` : clock(value / 1000);
  };
  const count = (value) => {
    for (const [size, unit] of [[1e9, "G"], [1e6, "M"], [1e4, "k"]]) {
      if (value >= size) {
        return `${Number((value / (unit === "k" ? 1e3 : size)).toPrecision(3))}${unit}`;
      }
    }
    return digits(value);
  };
  const bytes = (value) => {
    for (const unit of ["B", "kB", "MB", "GB"]) {
      if (value < 999.5) return `${digits(value)} ${unit}`;
      value /= 1000;
    }
    return `${digits(value)} TB`;
  };
  const two = (value) => String(Math.floor(value)).padStart(2, "0");
  const clock = (seconds) => {
    if (seconds < 59.5) return `${Number(seconds.toFixed(seconds < 10 ? 1 : 0))} s`;
    const whole = Math.round(seconds);
    const [days, hours] = [Math.floor(whole / 86_400), Math.floor(whole / 3_600) % 24];
    const rest = `${two(whole / 60 % 60)}:${two(whole % 60)}`;
    if (days > 0) return `${days}d ${two(hours)}:${rest}`;
    return hours > 0 ? `${hours}:${rest}` : rest.replace(/^0/, "");
  };
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

  /** From 0 to a little above the greatest. */
  const fromZero = (_u, _min, max) => [0, max > 0 ? max * 1.06 : 1];
  /** A little more than all values, on a logarithmic scale; at least a factor of two. */
  const around = (_u, min, max) => {
    if (!(min > 0) || !(max > 0)) return [1, 10];
    const room = Math.max(Math.pow(max / min, 0.06), max / min < 2 ? 1.4 : 1);
    return [min / room, max * room];
  };
  /** Round numbers between two: powers of ten, with 2 and 5 between them where there is room. */
  const rounds = (min, max) => {
    const decades = Math.log10(max / min);
    const steps = decades > 5 ? [1] : decades > 2.4 ? [1, 3] : decades > 0.7 ? [1, 2, 5] : null;
    if (steps === null) {
      const rough = (max - min) / 5;
      const power = Math.pow(10, Math.floor(Math.log10(rough)));
      const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough);
      const values = [];
      for (let value = Math.ceil(min / step) * step; value <= max; value += step) {
        values.push(value);
      }
      return values;
    }
    const values = [];
    for (let power = Math.floor(Math.log10(min)); power <= Math.ceil(Math.log10(max)); power++) {
      for (const step of steps) {
        const value = step * Math.pow(10, power);
        if (value >= min && value <= max) values.push(value);
      }
    }
    return values;
  };
  const SECONDS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30]
    .concat(
      [60, 120, 300, 600, 900, 1800],
      [1, 2, 3, 6, 12, 24, 48, 120, 240].map((h) => h * 3_600),
    );

  // ---- What is drawn ----------------------------------------------------------------------

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

  /** A plot over the time that the run took. */
  const overTime = (columns, series, { log = false, write }) => {
    const seconds = data.intervalMs / 1000;
    const length = data.columns.rate.length;
    const x = Array.from({ length }, (_, k) => Number(((k + 0.5) * seconds).toFixed(3)));
    return {
      data: [x, ...columns],
      options: {
        cursor: { sync: { key: "time", setSeries: false } },
        scales: {
          x: {
            time: false,
            range: (_u, min, max) =>
              min === x[0] && max === x.at(-1) ? [0, length * seconds] : [min, max],
          },
          y: log ? { distr: 3, range: around } : { range: fromZero },
        },
        axes: [
          axis({ incrs: SECONDS, space: 64, values: format(clock), size: 28 }),
          axis({
            size: 62,
            space: 28,
            values: format(write),
            ...log
              ? { splits: (_u, _k, min, max) => rounds(min, max), filter: (_u, splits) => splits }
              : {},
          }),
        ],
        series: [{ label: "at", value: read(moment), class: "u-time" }, ...series],
      },
    };
  };

  /** Bars of equal width on a logarithmic axis; what falls between two is shared out. */
  const binsOf = (pairs) => {
    const buckets = [];
    for (let k = 0; k < pairs.length; k += 2) {
      const high = pairs[k];
      // As wide as the histogram has it: 1 us below 256, then 1/128 of a power of two.
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
      splits: (_u, _k, low, high) => rounds(low, high),
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
    const { edges, heights } = binsOf(data.histogram);
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
    // Between powers of ten there is nothing round to a percentile.
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
            splits: (_u, _k, min, max) => rounds(min, max),
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

  const PLOTS = {
    rate: () =>
      overTime([data.columns.rate], [
        line("requests/s", "--c1", count, { fill: faded(style("--c1")) }),
      ], { write: count }),
    latency: () =>
      overTime(
        ["max", "p99", "p90", "p50"].map((name) =>
          data.columns[name].map((value) => value === null ? null : Math.max(value, 0.001))
        ),
        [
          line("max", "--c8", ms, { width: 1 }),
          line("p99", "--c4", ms),
          line("p90", "--c3", ms),
          line("p50", "--c1", ms),
        ],
        { log: true, write: ms },
      ),
    inFlight: () =>
      overTime([data.columns.inFlight], [
        line("in flight", "--c5", count, { fill: faded(style("--c5")) }),
      ], { write: count }),
    failed: () => {
      const kinds = Object.keys(data.failed);
      return overTime(
        kinds.map((kind) => data.failed[kind]),
        kinds.map((kind, k) => line(`${kind}/s`, `--c${[4, 3, 5, 1, 6, 7, 2, 8][k % 8]}`, count)),
        { write: count },
      );
    },
    memory: () =>
      overTime([data.columns.rssBytes], [
        line("resident", "--c6", bytes, { fill: faded(style("--c6")) }),
      ], { write: bytes }),
    histogram,
    spectrum,
  };

  // ---- Drawing ----------------------------------------------------------------------------

  const HEIGHT = 190;
  /** Content of a column on paper of A4, in CSS pixels. */
  const PAPER = 320;
  const plots = new Map();

  const draw = (place, width) => {
    const before = plots.get(place);
    const { options, data: columns } = PLOTS[place.dataset.plot]();
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
