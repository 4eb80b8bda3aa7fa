// Codes of teams and of other phones.

// Join codes have 8 characters, passes shown by another phone have 12.
const TEAM_CODE = 8;

// A typed code or fragment without spaces, dashes and percent-encoding.
export const normalizeCode = (text) => text.replace(/%[0-9A-F]{2}/gi, "").toUpperCase().replace(/[^0-9A-Z]/g, "");

export const isTeamCode = (code) => code.length > 0 && code.length <= TEAM_CODE;
