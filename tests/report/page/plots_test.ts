import { assertEquals } from "@std/assert";
import { toPlotData } from "../../../lib/report/page/plots.ts";
import { pageData } from "../../fixtures/page_data.ts";

Deno.test("toPlotData() rounds columns to visible digits, and keeps gaps", () => {
  const { series } = pageData();
  const { columns } = toPlotData({
    ...pageData(),
    series: { ...series!, rate: [12_345.678, null, 0.000123456] },
  });
  assertEquals(columns!.rate, [12_350, null, 0.0001235]);
});
