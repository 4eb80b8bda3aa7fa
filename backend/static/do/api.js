// One way to ask the server: the API that any app uses.
import { setting } from "./store.js";

const TIMEOUT_MS = 30_000;

// `status` 0: nobody answered, so it may have worked or not.
export async function ask(method, path, body, { token, language } = {}) {
  const headers = { "Accept-Language": language ?? (await setting("language")) ?? "vi" };
  if (body) headers["Content-Type"] = "application/json";
  const known = token ?? (await setting("token"));
  if (known) headers.Authorization = `Bearer ${known}`;
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
    return { ...(text ? JSON.parse(text) : {}), ok: answer.ok, status: answer.status, wait };
  } catch {
    return { ok: false, status: 0, wait: 0 };
  }
}
