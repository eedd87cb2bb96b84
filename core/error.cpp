// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/error.h"

namespace bwla {

const char* Error::errorCodeName(ErrorCode code) noexcept {
    switch (code) {
    case ErrorCode::notFound: return "not_found";
    case ErrorCode::notAModel: return "not_a_model";
    case ErrorCode::truncated: return "truncated";
    case ErrorCode::corrupt: return "corrupt";
    case ErrorCode::tooLarge: return "too_large";
    case ErrorCode::missingTensor: return "missing_tensor";
    case ErrorCode::badShape: return "bad_shape";
    case ErrorCode::hashMismatch: return "hash_mismatch";
    case ErrorCode::probeMismatch: return "probe_mismatch";
    case ErrorCode::writeFailed: return "write_failed";
    case ErrorCode::diskFull: return "disk_full";
    case ErrorCode::alreadyExists: return "already_exists";
    case ErrorCode::journalExists: return "journal_exists";
    case ErrorCode::journalMismatch: return "journal_mismatch";
    case ErrorCode::unsupportedFamily: return "unsupported_family";
    case ErrorCode::unsupportedType: return "unsupported_type";
    case ErrorCode::unsupportedVersion: return "unsupported_version";
    case ErrorCode::unsupportedTokenizer: return "unsupported_tokenizer";
    case ErrorCode::missingTokenizer: return "missing_tokenizer";
    case ErrorCode::badTemplate: return "bad_template";
    case ErrorCode::promptTooLong: return "prompt_too_long";
    case ErrorCode::textTooShort: return "text_too_short";
    case ErrorCode::badArgument: return "bad_argument";
    case ErrorCode::badText: return "bad_text";
    case ErrorCode::outOfMemory: return "out_of_memory";
    case ErrorCode::backend: return "backend";
    case ErrorCode::numeric: return "numeric";
    }
    return "unknown";
}

} // namespace bwla
