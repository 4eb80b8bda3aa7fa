// Withdraw consent with the withdrawal code.
import { element, onSubmit, request, showProblem } from "./forms.js";

element("withdraw").hidden = false;
onSubmit(element("withdraw"), async ({ withdrawal_code: code }) => {
  const missing = [{ field: "withdrawal_code", message: element("card").dataset.missing }];
  if (!code.value.trim()) return showProblem({ errors: missing }, ["withdrawal_code"], "fault");
  const answer = await request("POST", "withdrawals", { withdrawal_code: code.value });
  showProblem(answer.ok ? {} : answer, ["withdrawal_code"], "fault");
  if (!answer.ok) return;
  code.value = "";
  element("explanation").textContent = answer.explanation;
  element("withdraw").hidden = true;
  element("done").hidden = false;
  element("done").focus();
});
