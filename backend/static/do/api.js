// Requests to the API of this server.
import { saveSetting, setting } from "./store.js";

const TIMEOUT_MS = 30_000;

// `status` 0: no answer; the server may have handled the request or not.
export async function request(method, path, body, { token, language } = {}) {
  const headers = { "Accept-Language": language ?? (await setting("language")) ?? "vi" };
  if (body) headers["Content-Type"] = "application/json";
  const bearer = token ?? (await setting("token"));
  if (bearer) headers.Authorization = `Bearer ${bearer}`;
  try {
    const answer = await fetch(`/api/v1/${path}`, {
      method,
      headers,
      body: body && JSON.stringify(body),
      cache: "no-store",
      credentials: "omit",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const text = await answer.text();
    const wait = Number(answer.headers.get("Retry-After")) || 0;
    const content = parsed(answer, text);
    // What the operator has to say comes with any answer; the worker shows nothing.
    if (content.notices) self.dispatchEvent(new CustomEvent("notices", { detail: content.notices }));
    // Whoever learns it first, the page or its worker: nothing is asked with this token again.
    if (content.code === "phone_moved") await saveSetting("movedAt", content.moved_at);
    return { ...content, ok: answer.ok, status: answer.status, wait };
  } catch {
    return { ok: false, status: 0, wait: 0 };
  }
}

// Errors of a proxy on the way are not JSON. Anything else that is not JSON comes from somebody else, such as
// the sign-in page of a hotspot: it is no answer.
function parsed(answer, text) {
  try {
    return text ? JSON.parse(text) : {};
  } catch (error) {
    if ([413, 429].includes(answer.status) || answer.status >= 500) return {};
    throw error;
  }
}
