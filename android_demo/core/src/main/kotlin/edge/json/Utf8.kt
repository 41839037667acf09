package edge.json

import java.nio.ByteBuffer
import java.nio.charset.CharacterCodingException
import java.nio.charset.CodingErrorAction

/** The text of bytes. Errors: they are not UTF-8, or start with a byte order mark. */
internal fun decodeUtf8(bytes: ByteArray): String {
    val decoder = Charsets.UTF_8.newDecoder()
        .onMalformedInput(CodingErrorAction.REPORT)
        .onUnmappableCharacter(CodingErrorAction.REPORT)
    val text = try {
        decoder.decode(ByteBuffer.wrap(bytes)).toString()
    } catch (error: CharacterCodingException) {
        throw JsonError("it is not UTF-8 text (${error.message})")
    }
    if (text.startsWith('\uFEFF')) throw JsonError("it starts with a byte order mark")
    return text
}

/** Where the first half of a surrogate pair stands alone, or -1. */
internal fun halfOfPair(text: String): Int {
    var index = 0
    while (index < text.length) {
        val char = text[index]
        if (char.isHighSurrogate() && index + 1 < text.length && text[index + 1].isLowSurrogate()) {
            index += 2
        } else if (char.isSurrogate()) {
            return index
        } else {
            index++
        }
    }
    return -1
}
