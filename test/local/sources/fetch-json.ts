/** A document of unknown shape, whose members the tests assert. */
// biome-ignore lint/suspicious/noExplicitAny: every member is asserted where it is read
export const fetchJson = async (url: string): Promise<any> => (await fetch(url)).json();
