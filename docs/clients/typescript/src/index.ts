export { Phone, RefusedError } from "./phone.js";
export type { Consent, Measurement, Measuring, Options, Result, Sample } from "./phone.js";
export { IndexedDbStorage, MemoryStorage } from "./storage.js";
export type { Storage } from "./storage.js";
export type { components, paths } from "./schema.js";
