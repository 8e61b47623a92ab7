/** What the build puts in place of "saegim:data": the output of verifier/page_data.py. */
declare module "saegim:data" {
  const json: unknown;
  export default json;
}
