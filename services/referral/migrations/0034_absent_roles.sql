-- Not the whole desk: only who has this role there is away, such as its one lead. Nobody named: everybody.
ALTER TABLE desk_absences ADD COLUMN role text CHECK (role IN ('navigator', 'lead'));
