/** A cookie, not local storage, so that the server's first markup has the right theme and nothing flashes. */
export const themeCookie = 'm3o-theme'
