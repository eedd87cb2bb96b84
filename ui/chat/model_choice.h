// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/chat/chat_room.h"
#include "core/store/database.h"

#include <QString>
#include <QStringList>

#include <functional>

class QPoint;
class QWidget;

namespace bwla::ui {

/// Models that may stand on a side: those on the Models page, last used first, then those of
/// former chats.
[[nodiscard]] QStringList knownModels(Database& database, ChatSide side);

/// Asks for a GGUF file, or a folder; empty = none chosen.
[[nodiscard]] QString askForModel(QWidget* parent, ChatSide side, bool folder);

/// A menu of both at a point of the screen; `choose` gets the path.
void showModelMenu(QWidget* parent, const QPoint& at, Database& database, ChatSide side,
                   const QString& current, const std::function<void(const QString&)>& choose);

} // namespace bwla::ui
