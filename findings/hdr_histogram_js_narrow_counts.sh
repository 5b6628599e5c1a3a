#!/usr/bin/env bash
# hdr-histogram-js with 8 or 16 bits a count forgets values, and its percentiles become 0.
#
# bitBucketSize saves memory. The usual guess: a count that does not fit throws, as it does in the
# original in Java, or stays at its greatest. But it begins again at 0 without an error, while
# totalCount goes on, so the percentiles look for values that are not there any more: here even the
# 100th is 0, and `mean` throws "Index Out Of Bounds Exception". 256 equal values are
# enough with 8 bits, 65,536 with 16: with latencies in ms that is a run of some minutes.
#
# Needs node with npm. Seen with hdr-histogram-js 3.0.1:
#
#   hdr-histogram-js 3.0.1
#   16 bits: 65535 times 5, once 1000: totalCount 65536, 50 % 5, 100 % 1000, mean 5.02
#   16 bits: 65536 times 5, once 1000: totalCount 65537, 50 % 0, 100 % 0, mean: Index Out Of Bounds Exception
#   32 bits: 65536 times 5, once 1000: totalCount 65537, 50 % 5, 100 % 1000, mean 5.02
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit --prefix "$folder" hdr-histogram-js@3.0.1 >/dev/null
echo "hdr-histogram-js $(node -p 'require("hdr-histogram-js/package.json").version')"
cat >record.cjs <<'END'
const { build } = require("hdr-histogram-js");
const findMean = (histogram) => {
  try {
    return ` ${histogram.mean.toFixed(2)}`;
  } catch ({ message }) {
    return `: ${message}`;
  }
};
const record = (bits, times) => {
  const histogram = build({ bitBucketSize: bits });
  for (let i = 0; i < times; i++) histogram.recordValue(5);
  histogram.recordValue(1_000);
  const [half, all] = [50, 100].map((part) => histogram.getValueAtPercentile(part));
  const found = `50 % ${half}, 100 % ${all}, mean${findMean(histogram)}`;
  console.log(`${bits} bits: ${times} times 5, once 1000: totalCount ${histogram.totalCount}, ${found}`);
  return `${half} ${all}`;
};
const isRight = record(16, 65_535) === "5 1000";
const isForgotten = record(16, 65_536) === "0 0";
const isWideRight = record(32, 65_536) === "5 1000";
process.exit(isRight && isForgotten && isWideRight ? 0 : 1);
END
node record.cjs
