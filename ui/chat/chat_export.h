// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/chat/chat_options.h"
#include "ui/chat/chat_turn.h"

#include <QByteArray>
#include <QString>

#include <vector>

namespace bwla::ui {

/// The branch in view, for whoever reads it elsewhere. Markdown and HTML hold what was said and the
/// numbers; JSON also the settings, tokens and divergences.
[[nodiscard]] QByteArray chatMarkdown(const ChatRecord& chat, const std::vector<ChatTurn>& turns);
[[nodiscard]] QByteArray chatJson(const ChatRecord& chat, const ChatOptions& options,
                                  const std::vector<ChatTurn>& turns);
/// A page that stands on its own: no scripts, no requests, text of the models escaped.
[[nodiscard]] QByteArray chatHtml(const ChatRecord& chat, const std::vector<ChatTurn>& turns);

/// By the name's ending: .json, .html, else Markdown. Empty on success, else a sentence.
[[nodiscard]] QString exportChat(const QString& file, const ChatRecord& chat,
                                 const ChatOptions& options, const std::vector<ChatTurn>& turns);

} // namespace bwla::ui
