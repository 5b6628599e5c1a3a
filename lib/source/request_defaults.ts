import type { Form } from "../form/form.ts";
import type { Expectation, HeaderList, RequestBody } from "../target.ts";
import type { TextTemplate } from "./text_template.ts";

/** What every request of a run has, unless its record says otherwise. */
export interface RequestDefaults {
  readonly method: string;
  readonly headers: HeaderList;
  readonly body: RequestBody | undefined;
  /** What is expected of the response, instead of what the run expects. */
  readonly expect?: Expectation | undefined;
  /** Which of them are filled in for each request; undefined without templates. */
  readonly templates?: RequestTemplates | undefined;
  /** What is shown in place of a record that can hold secrets; undefined if no record can. */
  readonly redactedUrl?: string | undefined;
}

/** Which of a run's header fields are templates, and its body's, if it is one. */
export interface RequestTemplates {
  /** By the field of the run's list, whose value is the template's text. */
  readonly headers: ReadonlyMap<HeaderList[number], TextTemplate>;
  readonly body: TextTemplate | Form | undefined;
  /** The flag that gives the body, for messages. @default {"--data"} */
  readonly bodyFlag?: string | undefined;
}
