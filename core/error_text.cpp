// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/error_text.h"

#include <array>

namespace bwla {
namespace {

std::string bytesText(std::int64_t n) {
    static constexpr std::array units{"bytes", "kB", "MB", "GB", "TB"};
    double value = static_cast<double>(n);
    std::size_t unit = 0;
    for (; value >= 1000.0 && unit + 1 < units.size(); ++unit)
        value /= 1000.0;
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
    return text.data();
}

/// "model.gguf" or, where a tensor is known, "Tensor x of model.gguf".
std::string culprit(const Error& e) {
    if (e.tensor.empty())
        return e.file;
    return e.file.empty() ? "Tensor " + e.tensor : "Tensor " + e.tensor + " of " + e.file;
}

std::string fileSentence(const Error& e) {
    switch (e.code) {
    case ErrorCode::notFound:
        if (e.file.empty())
            return "The name of a file is empty.";
        return "Cannot open " + e.file + ": " + (e.detail.empty() ? "no such file" : e.detail) +
               ".";
    case ErrorCode::notAModel:
        return e.file + " is not a model" + (e.detail.empty() ? "" : ": " + e.detail) +
               ". Choose a GGUF file, or a folder with config.json and safetensors files.";
    case ErrorCode::truncated:
        return culprit(e) + " ends early: " + bytesText(e.found) + " of " + bytesText(e.expected) +
               " are there. Download or copy it again.";
    case ErrorCode::corrupt:
        return culprit(e) + " is damaged" +
               (e.offset >= 0 ? " at byte " + std::to_string(e.offset) : "") + ": " + e.detail +
               ". Download or copy it again.";
    case ErrorCode::tooLarge:
        return culprit(e) + " is damaged: " + e.detail + " of " + std::to_string(e.found) +
               " is more than the limit of " + std::to_string(e.expected) +
               ". Download or copy it again.";
    case ErrorCode::missingTensor:
        return "Tensor " + e.tensor + " is missing in " + e.file +
               ". The model is incomplete: download all of its files.";
    case ErrorCode::badShape:
        return culprit(e) + " does not fit the model's configuration: " + e.detail + ".";
    case ErrorCode::hashMismatch:
        return culprit(e) + " is damaged: its bytes do not match their checksum. Quantize again, "
                            "or copy the folder again.";
    case ErrorCode::probeMismatch:
        return e.file + " does not answer its stored probe (" + e.detail +
               "). It was changed, or this version of bwla reads it wrongly: quantize it again.";
    case ErrorCode::writeFailed:
        return "Cannot write " + e.file + ": " + e.detail + ".";
    case ErrorCode::diskFull:
        return "The disk is full: " + e.file +
               (e.expected > 0 ? " needs " + bytesText(e.expected) + "." : " cannot be finished.") +
               " Free some space, then " +
               (e.detail.empty() ? "resume the run (--resume); finished blocks are kept"
                                 : e.detail) +
               ".";
    case ErrorCode::alreadyExists:
        if (!e.detail.empty())
            return e.file + " exists already, " + e.detail +
                   ". Choose another output, or delete that folder.";
        return e.file + " exists already. Choose another output, or pass --resume to verify it.";
    case ErrorCode::journalExists:
        return e.file +
               " holds an unfinished run of the same recipe. Pass --resume to continue it, "
               "or delete the folder to start over.";
    case ErrorCode::journalMismatch:
        return e.file + " holds an unfinished run with other settings" +
               (e.detail.empty() ? "" : " (" + e.detail + ")") +
               ". Finish it with those, or delete the folder to start over.";
    default:
        return {};
    }
}

std::string contentSentence(const Error& e) {
    switch (e.code) {
    case ErrorCode::unsupportedFamily:
        return "Architecture " + e.detail + " of " + e.file +
               " is not supported. Llama-family models are.";
    case ErrorCode::unsupportedType:
        return culprit(e) + " has the element type " + e.detail +
               ", which is not supported. F32, F16, BF16, Q8_0, Q4_0 and Q4_1 are.";
    case ErrorCode::unsupportedVersion:
        return e.file + " has format version " + std::to_string(e.found) +
               "; this version of bwla reads up to " + std::to_string(e.expected) + ".";
    case ErrorCode::unsupportedTokenizer:
        return "The tokenizer" + (e.file.empty() ? "" : " of " + e.file) + " (" + e.detail +
               ") is not supported. Byte-level BPE is.";
    case ErrorCode::missingTokenizer:
        return e.file + " has no tokenizer. Put the model's tokenizer.json into its folder.";
    case ErrorCode::badTemplate:
        return "The chat template of the model cannot be applied: " + e.detail +
               ". Use --raw to send the prompt as it is.";
    default:
        return {};
    }
}

std::string useSentence(const Error& e) {
    switch (e.code) {
    case ErrorCode::promptTooLong:
        if (!e.detail.empty())
            return e.detail;
        return "The prompt has " + std::to_string(e.found) + " tokens, but the context holds " +
               std::to_string(e.expected) + ". Shorten it, or raise --context.";
    case ErrorCode::textTooShort:
        return e.file + " has only " + std::to_string(e.found) + " tokens; " +
               std::to_string(e.expected) + " are needed.";
    case ErrorCode::badArgument:
        return e.detail;
    case ErrorCode::badText:
        return (e.file.empty() ? "The text" : e.file) + " is not UTF-8" +
               (e.offset >= 0 ? " (byte " + std::to_string(e.offset) + ")" : "") +
               ". Convert it to UTF-8 first.";
    case ErrorCode::outOfMemory:
        return "Out of memory" + (e.detail.empty() ? "" : ": " + e.detail) +
               (e.expected < 0 ? ""
                               : " needs " + bytesText(e.expected) + " of the " +
                                     bytesText(e.found) + " free") +
               ". Close other programs or use a smaller model.";
    case ErrorCode::backend:
        return "The compute backend failed: " + e.detail + ".";
    case ErrorCode::numeric:
        return (e.tensor.empty() ? "A result" : culprit(e)) + " is not a finite number" +
               (e.detail.empty() ? "" : ": " + e.detail) + ".";
    default:
        return Error::errorCodeName(e.code);
    }
}

} // namespace

std::string sentence(const Error& error) {
    std::string text = fileSentence(error);
    if (text.empty())
        text = contentSentence(error);
    return text.empty() ? useSentence(error) : text;
}

} // namespace bwla
