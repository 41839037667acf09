package edge.bundle

private const val BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

/**
 * The bytes of base64 with padding (RFC 4648, section 4), whose unused bits are ignored, or null. Java's own decoder came to
 * Android after version 7.
 */
internal fun base64(text: String): ByteArray? {
    val digits = text.trimEnd('=')
    if (text.length % 4 != 0 || text.length - digits.length > 2) return null
    val result = ByteArray(digits.length * 6 / 8)
    var bits = 0
    var count = 0
    var next = 0
    for (char in digits) {
        val value = BASE64.indexOf(char)
        if (value < 0) return null
        bits = bits shl 6 or value and 0xFFFF
        count += 6
        if (count >= 8) {
            count -= 8
            result[next++] = (bits shr count).toByte()
        }
    }
    return result
}
