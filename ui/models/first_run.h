// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/models/model_list.h"
#include "ui/studio/services.h"
#include "ui/widgets/worker.h"

#include <QFrame>

#include <optional>

class QLabel;
class QPushButton;

namespace bwla::ui {

class Banner;
class CommandStrip;

/// From no model to a chat: what the program does, one click to begin, the four steps, and whether
/// this computer can do it.
class FirstRun : public QFrame {
    Q_OBJECT

public:
    explicit FirstRun(Services& services, QWidget* parent = nullptr);

    /// The small model where it was found on disk.
    void setSmallModel(const std::optional<ModelRow>& row);
    /// Other models were found: the list is one click away.
    void setListedModels(int count);
    /// Asks the device what it is; once.
    void checkDevice();

Q_SIGNALS:
    void useSmall();
    void openClicked();
    void listClicked();

private:
    QWidget* smallCard();
    QWidget* ownCard();
    QWidget* steps();
    void showDevice(const QString& device, const QString& problem);

    Services& services_;
    QLabel* smallText_;
    QPushButton *use_, *list_;
    CommandStrip* fetch_;
    Banner* device_;
    bool asked_ = false;
    Worker worker_;
};

} // namespace bwla::ui
