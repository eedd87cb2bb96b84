// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <exception>
#include <string>

namespace bwla {

/// Everything that can go wrong in core, one value a cause. Names are stable: --json prints them
/// (errorCodeName). core/error_text.h turns an Error into the one English sentence people see.
enum class ErrorCode {
    // files
    notFound,            ///< `file` does not exist or cannot be opened (`detail` = reason)
    notAModel,           ///< `file` is neither a model folder, a GGUF file nor a BWLA artifact
    truncated,           ///< `file` (or `tensor` in it) needs `expected` bytes, has `found`
    corrupt,             ///< structure is broken at byte `offset`; `detail` says what
    tooLarge,            ///< a count or size in the file, `found`, exceeds the sane limit `expected`
    missingTensor,       ///< `tensor` is not in `file`
    badShape,            ///< `tensor` has another shape than the configuration says (`detail`)
    hashMismatch,        ///< `tensor` of the artifact is damaged
    probeMismatch,       ///< bytes are sound, but the engine reads another model out of them
    writeFailed,         ///< `file` cannot be written (`detail` = reason)
    diskFull,            ///< writing `file` ran out of space; `expected` bytes were asked for; `detail`
                         ///< = what to do then, where that is not --resume
    alreadyExists,       ///< output `file` exists and --resume was not given
    journalExists,       ///< `file`, an unfinished run of the same recipe; --resume continues it
    journalMismatch,     ///< `file`, an unfinished run of another recipe
    // content
    unsupportedFamily,   ///< architecture `detail`
    unsupportedType,     ///< `tensor` has element type `detail`
    unsupportedVersion,  ///< `file` has format version `found`, up to `expected` can be read
    unsupportedTokenizer,///< tokenizer kind `detail`
    missingTokenizer,    ///< `file` has no tokenizer
    badTemplate,         ///< chat template error, `detail`
    // use
    promptTooLong,       ///< prompt of `found` tokens, context of `expected`; `detail`, where
                         ///< not empty, says it whole
    textTooShort,        ///< `file` has `found` tokens, `expected` are needed
    badArgument,         ///< a setting is out of range; `detail` is a whole sentence
    badText,             ///< `file` is not UTF-8
    // machine
    outOfMemory,         ///< `detail` = who or why; where known it needs `expected` bytes of `found`
    backend,             ///< a KernelError, text in `detail`
    numeric,             ///< NaN or infinity where numbers must be finite; `tensor`, `detail`
};

/// The one exception type of core. Fields that do not apply stay empty or -1.
struct Error : std::exception {
    ErrorCode code;
    std::string file;
    std::string tensor;
    std::int64_t offset = -1;   ///< bytes from the start of `file`
    std::int64_t expected = -1; ///< meaning: see the code
    std::int64_t found = -1;
    std::string detail;

    explicit Error(ErrorCode c) : code(c) {}
    [[nodiscard]] const char* what() const noexcept override { return errorCodeName(code); }

    /// "not_a_model" for notAModel, and so on.
    static const char* errorCodeName(ErrorCode code) noexcept;

    // Named steps, so that a throw reads as a sentence:
    //   throw Error(ErrorCode::truncated).in(path).at(offset).wanted(a).got(b);
    Error&& in(std::string path) && { file = std::move(path); return std::move(*this); }
    Error&& of(std::string name) && { tensor = std::move(name); return std::move(*this); }
    Error&& at(std::int64_t byte) && { offset = byte; return std::move(*this); }
    Error&& wanted(std::int64_t n) && { expected = n; return std::move(*this); }
    Error&& got(std::int64_t n) && { found = n; return std::move(*this); }
    Error&& because(std::string text) && { detail = std::move(text); return std::move(*this); }
};

} // namespace bwla
