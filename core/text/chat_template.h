// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace bwla {

struct ChatMessage {
    std::string role; ///< "system", "user", "assistant"
    std::string content;
};

/// The part of Jinja that chat templates use: literals, member and index access, slices, operators,
/// tests, filters, if / for (loop.*) / set / namespace / macro, whitespace control,
/// raise_exception. Immutable and thread-safe.
class ChatTemplate {
public:
    /// Throws Error{badTemplate} with line and reason.
    explicit ChatTemplate(const std::string& source);
    ~ChatTemplate();
    ChatTemplate(ChatTemplate&&) noexcept;
    ChatTemplate& operator=(ChatTemplate&&) noexcept;

    /// `bos`, `eos`: the tokens' text. Throws Error{badTemplate}, also for raise_exception(..).
    [[nodiscard]] std::string render(const std::vector<ChatMessage>& messages,
                                     bool addGenerationPrompt, const std::string& bos = {},
                                     const std::string& eos = {}) const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace bwla
