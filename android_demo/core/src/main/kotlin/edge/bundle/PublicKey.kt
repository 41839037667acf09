package edge.bundle

import edge.EdgeError
import edge.text.hexOf

private const val KEY_INFO = "302a300506032b6570032100"

/** The public key of whoever signs an app's bundles (BUNDLE.md, section 6). It ships in the app, never beside a bundle. */
public class PublicKey private constructor(private val key: Ed25519Key?) {
    internal fun accepts(message: ByteArray, signature: ByteArray): Boolean = key?.accepts(message, signature) ?: false

    public companion object {
        /** The 32 bytes of RFC 8032. Bytes that encode no point give a key that accepts nothing. */
        public fun ofBytes(bytes: ByteArray): PublicKey {
            if (bytes.size != 32) throw EdgeError("a public key has 32 bytes, not ${bytes.size}", fix = "edge sign --help")
            return PublicKey(Ed25519Key.of(bytes))
        }

        /** A PEM file's text, as `openssl pkey -pubout` writes it. Errors: it is no Ed25519 public key. */
        public fun ofPem(text: String): PublicKey {
            val lines = text.split('\n').map { it.trim() }
            val begin = lines.indexOf("-----BEGIN PUBLIC KEY-----")
            val end = lines.indexOf("-----END PUBLIC KEY-----")
            val bytes = if (begin in 0 until end) base64(lines.subList(begin + 1, end).joinToString("")) else null
            if (bytes == null || bytes.size != 44 || !hexOf(bytes).startsWith(KEY_INFO)) {
                throw EdgeError("the text is no PEM file of an Ed25519 public key", fix = "openssl pkey -in private.pem -pubout")
            }
            return ofBytes(bytes.copyOfRange(12, 44))
        }
    }
}
