package edge

import java.io.DataInputStream
import java.io.File
import java.io.InputStream
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertTrue

/** What the compiled library uses of Java: every class below is in Android 7 (API 24). */
class AndroidApiTest {
    private val allowed = """
        java/io/BufferedInputStream java/io/BufferedOutputStream java/io/ByteArrayInputStream java/io/ByteArrayOutputStream
        java/io/Closeable java/io/DataInputStream java/io/File java/io/FileDescriptor
        java/io/FileInputStream java/io/FileOutputStream java/io/IOException java/io/InputStream java/io/OutputStream
        java/lang/Boolean java/lang/Byte java/lang/CharSequence java/lang/Character java/lang/Class java/lang/Comparable
        java/lang/Double java/lang/Enum java/lang/Exception java/lang/Float java/lang/IllegalArgumentException
        java/lang/IllegalStateException java/lang/Integer java/lang/Iterable java/lang/Long java/lang/Math
        java/lang/NullPointerException java/lang/Number java/lang/Object java/lang/RuntimeException java/lang/Short
        java/lang/String java/lang/StringBuilder java/lang/System java/lang/Throwable
        java/lang/UnsupportedOperationException java/lang/NoWhenBranchMatchedException
        java/math/BigDecimal java/math/BigInteger java/math/MathContext java/math/RoundingMode
        java/nio/Buffer java/nio/ByteBuffer java/nio/CharBuffer java/nio/channels/FileChannel java/nio/channels/FileLock
        java/nio/charset/CharacterCodingException java/nio/charset/Charset java/nio/charset/CharsetDecoder
        java/nio/charset/CodingErrorAction java/security/MessageDigest
        java/util/ArrayList java/util/Arrays java/util/Collection java/util/Collections java/util/Comparator
        java/util/HashMap java/util/HashSet java/util/Iterator java/util/LinkedHashMap java/util/LinkedHashSet java/util/List
        java/util/ListIterator java/util/Map java/util/Map${'$'}Entry java/util/NoSuchElementException java/util/Set
        java/util/SortedSet java/util/TreeSet java/util/UUID java/util/concurrent/CancellationException
        java/util/concurrent/locks/Lock java/util/concurrent/locks/ReentrantLock
        java/util/concurrent/locks/ReentrantReadWriteLock java/util/concurrent/locks/ReentrantReadWriteLock${'$'}ReadLock
        java/util/concurrent/locks/ReentrantReadWriteLock${'$'}WriteLock
        java/util/zip/CRC32 java/util/zip/DataFormatException java/util/zip/Inflater
    """.split(Regex("\\s+")).filter { it.isNotEmpty() }.toSet()

    @Test
    fun `the library uses no class of Java that Android 7 lacks, and no reflection`() {
        val home = File(EdgeError::class.java.protectionDomain.codeSource.location.toURI())
        val classes = home.walk().filter { it.extension == "class" }.toList()
        assertTrue(classes.size > 50)
        val used = classes.flatMap { file -> file.inputStream().use(::classesOf) }.toSortedSet()
        assertEquals(emptyList(), used.filter { it.startsWith("java/") && it !in allowed })
        assertEquals(emptyList(), used.filter { it.startsWith("javax/") || it.startsWith("sun/") || it.startsWith("kotlin/reflect/") })
    }

    /** The classes in the constant pool of a class file (JVM specification, section 4.4). */
    private fun classesOf(stream: InputStream): List<String> {
        val data = DataInputStream(stream.buffered())
        data.skipBytes(8)
        val texts = HashMap<Int, String>()
        val names = ArrayList<Int>()
        val count = data.readUnsignedShort()
        var index = 1
        while (index < count) {
            when (val tag = data.readUnsignedByte()) {
                1 -> texts[index] = data.readUTF()
                7 -> names.add(data.readUnsignedShort())
                8, 16, 19, 20 -> data.skipBytes(2)
                15 -> data.skipBytes(3)
                3, 4, 9, 10, 11, 12, 17, 18 -> data.skipBytes(4)
                5, 6 -> {
                    data.skipBytes(8)
                    index++
                }
                else -> error("constant $tag")
            }
            index++
        }
        return names.map { texts.getValue(it).trimStart('[').removePrefix("L").removeSuffix(";") }
    }
}
