/** Certificates in files of the operator's. */

import { X509Certificate } from 'node:crypto';

const certificate = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** The certificates in a PEM file's text, each as PEM; none when one of them is damaged. */
export function certificatesIn(text: string): readonly string[] {
  const found = text.match(certificate) ?? [];
  return found.every(isCertificate) ? found : [];
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== undefined;
  } catch {
    return false;
  }
}
