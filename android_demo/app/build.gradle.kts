// As android_demo/build_apk.sh builds it without Gradle, which reads the numbers below; put movies.edge and request.json into
// src/main/assets first. To rank on LiteRT, depend on :litert and pass LiteRt() in MainActivity.
import org.jetbrains.kotlin.gradle.dsl.JvmTarget

plugins {
    id("com.android.application") version "8.13.0"
    kotlin("android") version "2.4.20"
}

android {
    namespace = "edge.app"
    compileSdk = 36
    defaultConfig {
        applicationId = "edge.app"
        minSdk = 24
        targetSdk = 36
        versionCode = 1
        versionName = "0.1.0"
        ndk { abiFilters += "arm64-v8a" }
    }
    buildTypes {
        release {
            isMinifyEnabled = true
            proguardFiles("rules.pro")
        }
    }
    androidResources { noCompress += "edge" }
    packaging { jniLibs { useLegacyPackaging = false } }
    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_1_8
        targetCompatibility = JavaVersion.VERSION_1_8
    }
}

kotlin {
    compilerOptions {
        jvmTarget.set(JvmTarget.JVM_1_8)
        freeCompilerArgs.addAll("-Xlambdas=class", "-Xsam-conversions=class", "-Xsuppress-version-warnings")
        allWarningsAsErrors.set(true)
    }
}

dependencies {
    implementation(project(":android"))
    implementation(project(":ort"))
}
