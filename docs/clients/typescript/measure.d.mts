/** Types of ../measure.mjs, as much of it as the package uses. */
export function measure(
  url: string,
  state: { token: string; unsent: unknown[]; hosts?: object },
  options: { location: object; network: object; profile?: "small" | "full" },
): Promise<object>;
