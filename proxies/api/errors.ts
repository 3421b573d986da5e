/** What an API call is answered with when it can't be carried out: the texts and codes are Toxiproxy's, since clients match them. */
export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

export const badBody = (why: string): ApiError => new ApiError(400, `bad request body: ${why}`);
export const missingField = (field: string): ApiError => new ApiError(400, `missing required field: ${field}`);
export const invalidStream = (): ApiError =>
  new ApiError(400, "stream was invalid, can be either upstream or downstream");
export const invalidType = (): ApiError => new ApiError(400, "invalid toxic type");
export const proxyNotFound = (): ApiError => new ApiError(404, "proxy not found");
export const toxicNotFound = (): ApiError => new ApiError(404, "toxic not found");
export const proxyExists = (): ApiError => new ApiError(409, "proxy already exists");
export const toxicExists = (): ApiError => new ApiError(409, "toxic already exists");
export const noTcp = (proxy: string): ApiError =>
  new ApiError(400, `toxics act on tcp, and the proxy ${proxy} is another: use POST /sinbin/faults`);
