package edge.bundle

import java.math.BigInteger
import java.security.MessageDigest

private val P = BigInteger.ONE.shiftLeft(255) - BigInteger.valueOf(19)
private val ORDER = BigInteger.ONE.shiftLeft(252) + BigInteger("27742317777372353535851937790883648493")
private val D = (BigInteger.valueOf(-121665) * BigInteger.valueOf(121666).modInverse(P)).mod(P)
private val ROOT_OF_MINUS_ONE = BigInteger.valueOf(2).modPow((P - BigInteger.ONE).shiftRight(2), P)

/**
 * Ed25519 (RFC 8032) as BUNDLE.md, section 6, wants it: S below the order of the base point, and the equation itself,
 * not its product with the cofactor. The platform's verifier need not do so. It handles no secrets.
 */
internal class Ed25519Key private constructor(private val encoded: ByteArray, private val point: Point) {
    fun accepts(message: ByteArray, signature: ByteArray): Boolean {
        if (signature.size != 64) return false
        val s = littleEndian(signature.copyOfRange(32, 64))
        if (s >= ORDER) return false
        val sha512 = MessageDigest.getInstance("SHA-512")
        sha512.update(signature, 0, 32)
        sha512.update(encoded)
        val k = littleEndian(sha512.digest(message)).mod(ORDER)
        val found = Point.BASE.times(s).plus(point.negated().times(k))
        return found.encoded().contentEquals(signature.copyOfRange(0, 32))
    }

    internal companion object {
        /** Null for bytes that encode no point. */
        fun of(encoded: ByteArray): Ed25519Key? = Point.decode(encoded)?.let { Ed25519Key(encoded.copyOf(), it) }
    }
}

/** A point of the curve: x = X / Z, y = Y / Z, x y = T / Z (RFC 8032, section 5.1.4). */
private class Point(
    @JvmField val x: BigInteger,
    @JvmField val y: BigInteger,
    @JvmField val z: BigInteger,
    @JvmField val t: BigInteger,
) {
    fun plus(other: Point): Point {
        val a = ((y - x) * (other.y - other.x)).mod(P)
        val b = ((y + x) * (other.y + other.x)).mod(P)
        val c = (t * D).mod(P).shiftLeft(1) * other.t
        val d = (z * other.z).shiftLeft(1)
        val e = b - a
        val f = (d - c).mod(P)
        val g = (d + c).mod(P)
        val h = b + a
        return Point((e * f).mod(P), (g * h).mod(P), (f * g).mod(P), (e * h).mod(P))
    }

    fun negated() = Point(P - x, y, z, P - t)

    fun times(factor: BigInteger): Point {
        var result = Point(BigInteger.ZERO, BigInteger.ONE, BigInteger.ONE, BigInteger.ZERO)
        for (bit in factor.bitLength() - 1 downTo 0) {
            result = result.plus(result)
            if (factor.testBit(bit)) result = result.plus(this)
        }
        return result
    }

    fun encoded(): ByteArray {
        val inverse = z.modInverse(P)
        val affineX = (x * inverse).mod(P)
        val bytes = (y * inverse).mod(P).toByteArray()
        val result = ByteArray(32)
        for (index in 0 until minOf(32, bytes.size)) result[index] = bytes[bytes.size - 1 - index]
        if (affineX.testBit(0)) result[31] = (result[31].toInt() or 128).toByte()
        return result
    }

    companion object {
        val BASE: Point = of((BigInteger.valueOf(4) * BigInteger.valueOf(5).modInverse(P)).mod(P), false)!!

        fun decode(encoded: ByteArray): Point? {
            if (encoded.size != 32) return null
            val number = littleEndian(encoded)
            val y = number.clearBit(255)
            return if (y >= P) null else of(y, number.testBit(255))
        }

        /** The point of a y and the lowest bit of its x (RFC 8032, section 5.1.3). */
        private fun of(y: BigInteger, odd: Boolean): Point? {
            val u = (y * y - BigInteger.ONE).mod(P)
            val v = (D * y * y + BigInteger.ONE).mod(P)
            val square = (u * v.modInverse(P)).mod(P)
            var x = square.modPow((P + BigInteger.valueOf(3)).shiftRight(3), P)
            if ((x * x).mod(P) != square) x = (x * ROOT_OF_MINUS_ONE).mod(P)
            if ((x * x).mod(P) != square || (x.signum() == 0 && odd)) return null
            if (x.testBit(0) != odd) x = P - x
            return Point(x, y, BigInteger.ONE, (x * y).mod(P))
        }
    }
}

private fun littleEndian(bytes: ByteArray) = BigInteger(1, bytes.reversedArray())
