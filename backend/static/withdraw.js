// Withdraw with the code that was shown at consent.
import { ask, element, tell, whenSent } from "./asking.js";

element("withdraw").hidden = false;
whenSent(element("withdraw"), async ({ withdrawal_code: code }) => {
  const answer = await ask("POST", "withdrawals", { withdrawal_code: code.value });
  tell(answer.ok ? {} : answer, ["withdrawal_code"], "fault");
  if (!answer.ok) return;
  code.value = "";
  element("explanation").textContent = answer.explanation;
  element("withdraw").hidden = true;
  element("done").hidden = false;
  element("done").focus();
});
