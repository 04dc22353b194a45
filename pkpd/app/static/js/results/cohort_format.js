// What the columns of a cohort file are, with a small example to start from.
import { html } from "../../vendor/htm-preact.module.js";
import { save } from "./save.js";

const EXAMPLE = `arm,regimen,output,form,day,value,low,high,spread,bound,unit,n
A,1 MIU sc daily x5,treg,fold,0,1,,,,,,12
A,1 MIU sc daily x5,treg,fold,8,1.9,1.6,2.3,CI95,,,12
A,1 MIU sc daily x5,treg,count,8,105,80,140,IQR,,cells/uL,12
A,1 MIU sc daily x5,nk,fold,8,1.2,0.9,1.6,CI95,,,12
A,1 MIU sc daily x5,il2,level,1,2,,,,<,pM,12
`;
// What a text describes -> the columns it is about.
const COLUMNS = {
  regimen: "regimen",
  output: "output",
  form: "form",
  day: "day",
  value: "value",
  range: "low, high, spread",
  bound: "bound",
  unit: "unit",
  other: "arm, study, id, n",
};

export function CohortFormat({ t }) {
  const example = () => save(new Blob([EXAMPLE], { type: "text/csv" }), "cohort_example.csv");
  return html`<details class="cohort-format">
    <summary>${t("cohort.format")}</summary>
    <p>${t("cohort.format_said")}</p>
    <dl>${Object.entries(COLUMNS).map(
      ([name, columns]) => html`<div key=${name}><dt>${columns}</dt>
        <dd>${t(`cohort.about_${name}`)}</dd></div>`,
    )}</dl>
    <pre tabindex="0" aria-label=${t("cohort.example")}><code>${EXAMPLE}</code></pre>
    <button type="button" onClick=${example}>${t("cohort.example_save")}</button>
  </details>`;
}
