/** Why a template cannot be read or filled. The message is what Go would say. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
}

/** Why a function in a template refuses its arguments; becomes a TemplateError that says where. */
export class TemplateFunctionError extends Error {
  override readonly name = 'TemplateFunctionError';
}
