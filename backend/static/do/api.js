// Requests to the API of this server.
import { setting } from "./store.js";

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
    return { ...(text ? JSON.parse(text) : {}), ok: answer.ok, status: answer.status, wait };
  } catch {
    return { ok: false, status: 0, wait: 0 };
  }
}
