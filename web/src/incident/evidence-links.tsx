import { Fragment, type ReactNode } from 'react';

/** `e1 e2 e3`, each leading to its evidence on this page. */
export function EvidenceLinks({ ids }: { readonly ids: readonly string[] }): ReactNode {
  return ids.map((id, index) => (
    <Fragment key={id}>
      {index > 0 && ' '}
      <a href={`#${encodeURIComponent(id)}`}>{id}</a>
    </Fragment>
  ));
}
