package edge.engine

import edge.EdgeError
import edge.bundle.Bundle
import java.io.File

/** What computes models: [Reference], or a library that another module of this project binds. */
public abstract class EngineLibrary internal constructor(internal val name: String) {
    /**
     * The engine of a bundle. [directory] is the app's for installations, and what the engine must keep is loaded on return.
     * Errors: the bundle has no model for it, or one that the library refuses.
     */
    internal abstract fun open(bundle: Bundle, directory: File?): Engine

    override fun toString(): String = name
}

/** The arithmetic of ENGINE.md in Kotlin alone: nothing is installed, and no native code is loaded. */
public object Reference : EngineLibrary("reference") {
    override fun open(bundle: Bundle, directory: File?): Engine {
        if (bundle.weights.isEmpty()) throw EdgeError("the bundle has no weights.bin, which this engine reads")
        return ReferenceEngine(bundle.weights, bundle.manifest.shape)
    }
}
