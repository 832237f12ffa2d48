//! `fanfare mixtape share`: public links, straight in the data folder.

use fanfare_model::{Error, ErrorKind, Share, ShareId};
use fanfare_store::NewShare;
use serde_json::{Value, json};

use super::{
    command_line::ShareArgs,
    exit::{Exit, SUCCESS},
    named_mixtape::named,
    output::{self, Done},
    password,
    user::in_store,
};
use crate::{
    http::{
        clock::{now, rfc3339},
        links,
        password::Passwords,
        secret,
    },
    settings,
};

const DAY_MS: i64 = 86_400_000;

/// Runs the command.
pub fn run(args: &ShareArgs) -> Done {
    if args.list {
        return list(args);
    }
    if let Some(id) = &args.end {
        let id: ShareId = id.parse()?;
        in_store(&args.place, async |store| {
            let tape = named(&store, &args.slug).await?;
            store.catalog().delete_share(tape.id, id).await
        })?;
        output::line("the link opens nothing any more")?;
        return Ok(Exit(SUCCESS));
    }
    make(args)
}

fn list(args: &ShareArgs) -> Done {
    let shares = in_store(&args.place, async |store| {
        let tape = named(&store, &args.slug).await?;
        store.catalog().shares(tape.id).await
    })?;
    for share in &shares {
        if args.json {
            output::json_line(&described(share))?;
            continue;
        }
        let ends =
            share.expires.map_or_else(|| "no end".to_owned(), |expires| format!("ends {}", rfc3339(expires)));
        let password = if share.password_hash.is_some() { "  password" } else { "" };
        let download = if share.download { "  download" } else { "" };
        output::line(format_args!("{}  {ends}{password}{download}", share.id))?;
    }
    Ok(Exit(SUCCESS))
}

fn make(args: &ShareArgs) -> Done {
    let password = if args.password { Some(password::read()?) } else { None };
    let token = secret::fresh("")?;
    let hash = secret::hash(&token)
        .ok_or_else(|| Error::new(ErrorKind::Internal, "a fresh secret is not acceptable"))?;
    let share = in_store(&args.place, async |store| {
        let tape = named(&store, &args.slug).await?;
        let password_hash = match &password {
            Some(password) => Some(Passwords::new().hash(password).await?),
            None => None,
        };
        let now = now();
        let new = NewShare {
            mixtape: tape.id,
            secret: hash,
            // It ends with the account of whose mixtape it is.
            maker: tape.owner,
            password_hash,
            download: args.download,
            expires: args.days.map(|days| now.plus_ms(i64::from(days) * DAY_MS)),
        };
        store.catalog().add_share(&new, now).await
    })?;
    let mut settings = settings::load(&args.place.request())?;
    settings::of_server(&mut settings);
    let url = links::shared_url(&links::base_url(&settings, settings.listen), &token);
    if args.json {
        let mut object = described(&share);
        object["token"] = json!(token);
        object["url"] = json!(url);
        output::json_line(&object)?;
        return Ok(Exit(SUCCESS));
    }
    output::note(format_args!("link {}; it is shown this once:", share.id));
    if settings.public_url.is_none() {
        output::note("(set public_url to the address that others reach this server at)");
    }
    output::line(url)?;
    Ok(Exit(SUCCESS))
}

fn described(share: &Share) -> Value {
    json!({
        "id": share.id,
        "created": rfc3339(share.created),
        "expires": share.expires.map(rfc3339),
        "password": share.password_hash.is_some(),
        "download": share.download,
    })
}
