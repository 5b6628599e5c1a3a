#!/usr/bin/env bash
# hyparquet-writer refuses the first null of a column after row 1,000, but not before; so it does 1.75.
#
# Columns allow nulls by default, and without `type` the type of a column is guessed from its data,
# as its README says. The usual guess: from all of the data, which it is handed at once. But it looks
# at the first 1,000 rows alone: a column without a null there is required, one of whole numbers INT32,
# and one of nulls alone a column of texts. A log of requests whose first failure is in row 1,001
# cannot be written. A column of whole numbers of which one is above 2147483647 never can, in any row.
#
# Needs node with npm. Seen with hyparquet-writer 0.17.0, columns of 2,000 values:
#
#   hyparquet-writer 0.17.0
#   1, then null           in row 999: written     in row 1001: parquet expected integer value, got null
#   1, then 1.75           in row 999: written     in row 1001: parquet expected integer value, got 1.75
#   null, then 1           in row 999: written     in row 1001: parquet expected Uint8Array value, got number
#   1, then 3000000000     in row 999: parquet expected int32 value, got 3000000000
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit --prefix "$folder" hyparquet-writer@0.17.0 >/dev/null
version=$(sed -n 's/^ *"version": "\(.*\)",/\1/p' node_modules/hyparquet-writer/package.json)
echo "hyparquet-writer $version"

cat >write.mjs <<'END'
import { parquetWriteBuffer } from "hyparquet-writer";
const write = (first, then, row) => {
  const data = Array.from({ length: 2_000 }, (_, k) => k < row ? first : then);
  try {
    parquetWriteBuffer({ columnData: [{ name: "value", data }] });
    return "written";
  } catch ({ message }) {
    return message;
  }
};
const padName = (first, then) => `${first}, then ${then}`.padEnd(22);
let isSeen = true;
for (const [first, then] of [[1, null], [1, 1.75], [null, 1]]) {
  const [early, late] = [write(first, then, 999), write(first, then, 1_001)];
  console.log(`${padName(first, then)} in row 999: ${early}     in row 1001: ${late}`);
  isSeen &&= early === "written" && late.startsWith("parquet expected ");
}
const large = write(1, 3_000_000_000, 999);
console.log(`${padName(1, 3_000_000_000)} in row 999: ${large}`);
isSeen &&= large.startsWith("parquet expected int32");
process.exit(isSeen ? 0 : 1);
END
node write.mjs
