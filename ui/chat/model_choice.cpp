// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/chat/model_choice.h"

#include "core/model/artifact.h"
#include "core/store/chat_store.h"
#include "core/store/model_store.h"

#include <QCoreApplication>
#include <QFileDialog>
#include <QFileInfo>
#include <QMenu>

namespace bwla::ui {
namespace {

QString tr(const char* text) {
    return QCoreApplication::translate("bwla::ui::modelChoice", text);
}

} // namespace

QStringList knownModels(Database& database, ChatSide side) {
    QStringList known;
    const bool quantized = side == ChatSide::quantized;
    for (const RememberedModel& model : ModelStore(database).models())
        if (!model.hidden && Artifact::isArtifact(model.path) == quantized)
            known << QString::fromStdString(model.path);
    for (const ChatRecord& chat : ChatStore(database).chats())
        if (const std::string& path = quantized ? chat.quantizedPath : chat.originalPath;
            !path.empty())
            known << QString::fromStdString(path);
    known.removeDuplicates();
    return known;
}

QString askForModel(QWidget* parent, ChatSide side, bool folder) {
    const QString title = side == ChatSide::original ? tr("Open original") : tr("Open quantized");
    return folder ? QFileDialog::getExistingDirectory(parent, title)
                  : QFileDialog::getOpenFileName(parent, title, {}, tr("GGUF files (*.gguf)"));
}

void showModelMenu(QWidget* parent, const QPoint& at, Database& database, ChatSide side,
                   const QString& current, const std::function<void(const QString&)>& choose) {
    QMenu menu(parent);
    menu.setToolTipsVisible(true);
    for (const QString& path : knownModels(database, side)) {
        QAction* action =
            menu.addAction(QFileInfo(path).fileName(), parent, [choose, path] { choose(path); });
        action->setToolTip(path);
        action->setCheckable(true);
        action->setChecked(path == current);
    }
    if (!menu.isEmpty())
        menu.addSeparator();
    const auto ask = [parent, side, choose](bool folder) {
        if (const QString path = askForModel(parent, side, folder); !path.isEmpty())
            choose(path);
    };
    if (side == ChatSide::original) // an artifact is always a folder
        menu.addAction(tr("Open a GGUF file…"), parent, [ask] { ask(false); });
    menu.addAction(tr("Open a folder…"), parent, [ask] { ask(true); });
    menu.exec(at);
}

} // namespace bwla::ui
