// Withdraw consent with the withdrawal code: what would change is shown first.
import { describeAll } from "./do/figures.js";
import { element, onSubmit, request, showProblem } from "./forms.js";

let code = "";

const ask = (path) => request("POST", path, { withdrawal_code: code });

function show(id) {
  for (const one of ["withdraw", "effects", "done"]) element(one).hidden = one !== id;
  if (id !== "withdraw") element(id).focus();
}

onSubmit(element("withdraw"), async ({ withdrawal_code: input }) => {
  code = input.value;
  const missing = [{ field: "withdrawal_code", message: element("card").dataset.missing }];
  if (!code.trim()) return showProblem({ errors: missing }, ["withdrawal_code"], "fault");
  const answer = await ask("withdrawals/effects");
  showProblem(answer.ok ? {} : answer, ["withdrawal_code"], "fault");
  if (!answer.ok) return;
  describeAll("effects", answer);
  show("effects");
});

element("delete").addEventListener("click", async ({ currentTarget: button }) => {
  if (button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  const answer = await ask("withdrawals");
  button.removeAttribute("aria-busy");
  element("effects-fault").textContent = answer.ok ? "" : answer.title;
  if (!answer.ok) return;
  element("withdrawal_code").value = "";
  element("explanation").textContent = answer.explanation;
  show("done");
});

element("keep").addEventListener("click", () => show("withdraw"));
show("withdraw");
